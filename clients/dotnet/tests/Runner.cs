using System;
using System.Reflection;

/// <summary>Runs every test and says which failed.</summary>
internal static class Runner
{
    private static int Main()
    {
        int passed = 0, failed = 0;
        foreach (MethodInfo test in typeof(Tests).GetMethods(
            BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        {
            if (!test.IsAssembly || test.Name.StartsWith("<"))
            {
                continue;
            }
            try
            {
                test.Invoke(null, null);
                passed++;
            }
            catch (TargetInvocationException failure)
            {
                failed++;
                Console.WriteLine("FAILED " + test.Name + ": " + failure.InnerException);
            }
        }
        Console.WriteLine(passed + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }
}

/// <summary>What a test expects.</summary>
internal static class Check
{
    internal static void Equal<T>(T expected, T actual)
    {
        if (!Equals(expected, actual))
        {
            throw new InvalidOperationException(actual + " instead of " + expected);
        }
    }

    internal static T Throws<T>(Action work)
        where T : Exception
    {
        try
        {
            work();
        }
        catch (T expected)
        {
            return expected;
        }
        throw new InvalidOperationException("no " + typeof(T).Name);
    }
}
