using System;
using System.Diagnostics;
using System.Threading;

namespace MerkleKV.Client
{
    /// <summary>A moment on the monotonic clock.</summary>
    internal struct Deadline
    {
        private readonly long ticks;

        private Deadline(long ticks)
        {
            this.ticks = ticks;
        }

        internal TimeSpan Left => TimeSpan.FromSeconds(
            Math.Max(0, ticks - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency);

        internal bool IsOver => ticks <= Stopwatch.GetTimestamp();

        internal static Deadline After(TimeSpan time) =>
            new Deadline(Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency));
    }

    /// <summary>
    /// Does something when a deadline passes. A new deadline costs two assignments: the timer is left
    /// as it is, and looks when it fires whether the deadline was moved.
    /// </summary>
    internal sealed class Watchdog : IDisposable
    {
        private readonly object gate = new object();
        private readonly Action expire;
        private readonly Timer timer;
        private Deadline deadline;
        private bool isWatching;
        private bool isArmed;

        internal Watchdog(Action expire)
        {
            this.expire = expire;
            timer = new Timer(_ => Look(), null, Timeout.Infinite, Timeout.Infinite);
        }

        internal bool HasExpired { get; private set; }

        internal void Watch(Deadline until)
        {
            lock (gate)
            {
                deadline = until;
                isWatching = true;
                if (!isArmed)
                {
                    Arm();
                }
            }
        }

        internal void Rest()
        {
            lock (gate)
            {
                isWatching = false;
            }
        }

        public void Dispose()
        {
            Rest();
            timer.Dispose();
        }

        private void Look()
        {
            lock (gate)
            {
                isArmed = false;
                if (!isWatching)
                {
                    return;
                }
                if (!deadline.IsOver)
                {
                    Arm();
                    return;
                }
                isWatching = false;
                HasExpired = true;
            }
            expire();
        }

        private void Arm()
        {
            isArmed = true;
            // Rounded up, since a timer that fires too early would only have to be set again.
            timer.Change((int)Math.Ceiling(deadline.Left.TotalMilliseconds) + 1, Timeout.Infinite);
        }
    }
}
