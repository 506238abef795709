using System;
using System.Security.Cryptography;

namespace MerkleKV.Client
{
    /// <summary>As much of DER as it takes to read an RSA key.</summary>
    internal sealed class Der
    {
        private const byte Integer = 0x02;
        private const byte OctetString = 0x04;
        private const byte Sequence = 0x30;
        private static readonly byte[] RsaIdentifier =
            { 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };

        private readonly byte[] bytes;
        private int position;

        private Der(byte[] bytes)
        {
            this.bytes = bytes;
        }

        /// <summary>The PKCS#1 key within a PKCS#8 one.</summary>
        internal static byte[] KeyInPkcs8(byte[] bytes)
        {
            var fields = new Der(new Der(bytes).Take(Sequence));
            fields.Take(Integer);
            byte[] algorithm = fields.Take(Sequence);
            for (int i = 0; i < RsaIdentifier.Length; i++)
            {
                if (i >= algorithm.Length || algorithm[i] != RsaIdentifier[i])
                {
                    throw new FormatException(
                        "it is not an RSA key; for other keys set the option Certificate");
                }
            }
            return fields.Take(OctetString);
        }

        internal static RSAParameters RsaKey(byte[] bytes)
        {
            var fields = new Der(new Der(bytes).Take(Sequence));
            fields.Take(Integer);
            byte[] modulus = Trimmed(fields.Take(Integer));
            int half = (modulus.Length + 1) / 2;
            return new RSAParameters
            {
                Modulus = modulus,
                Exponent = Trimmed(fields.Take(Integer)),
                D = Padded(fields.Take(Integer), modulus.Length),
                P = Padded(fields.Take(Integer), half),
                Q = Padded(fields.Take(Integer), half),
                DP = Padded(fields.Take(Integer), half),
                DQ = Padded(fields.Take(Integer), half),
                InverseQ = Padded(fields.Take(Integer), half),
            };
        }

        private byte[] Take(byte tag)
        {
            if (Next() != tag)
            {
                throw new FormatException("it is not DER of an RSA key");
            }
            int length = Next();
            if (length > 0x80)
            {
                int digits = length & 0x7F;
                length = 0;
                for (; digits > 0 && length < 1 << 16; digits--)
                {
                    length = (length << 8) | Next();
                }
            }
            if (length > bytes.Length - position)
            {
                throw new FormatException("it ends too early");
            }
            var content = new byte[length];
            Buffer.BlockCopy(bytes, position, content, 0, length);
            position += length;
            return content;
        }

        private byte Next() =>
            position < bytes.Length ? bytes[position++]
            : throw new FormatException("it ends too early");

        internal static byte[] Trimmed(byte[] number)
        {
            int zeros = 0;
            while (zeros < number.Length - 1 && number[zeros] == 0)
            {
                zeros++;
            }
            var rest = new byte[number.Length - zeros];
            Buffer.BlockCopy(number, zeros, rest, 0, rest.Length);
            return rest;
        }

        private static byte[] Padded(byte[] number, int length)
        {
            byte[] trimmed = Trimmed(number);
            if (trimmed.Length > length)
            {
                throw new FormatException("its numbers do not fit each other");
            }
            var padded = new byte[length];
            Buffer.BlockCopy(trimmed, 0, padded, length - trimmed.Length, trimmed.Length);
            return padded;
        }
    }
}
