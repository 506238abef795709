using System;
using System.IO;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MerkleKV.Client;

/// <summary>Keys of clients, as Mono takes them.</summary>
internal static partial class Tests
{
    /// <summary>
    /// A private exponent that is a byte shorter than the modulus: of 50 keys about one has such a
    /// number, and Mono left the certificate without its key. Of 512 bits, and for nothing else.
    /// </summary>
    private const string ShortNumber = @"
-----BEGIN PRIVATE KEY-----
MIIBUwIBADANBgkqhkiG9w0BAQEFAASCAT0wggE5AgEAAkEAwT5mfAIQNtq/0TGV
Qq4rnRbtslGGgdkh6SvLxtqtqpf3gnuKe5lfB7crxGOamOF1WzudmzVtUd6OwOxI
GgYIxwIDAQABAj8nQIWQqtqgSc6sr2WiJb62KfIeRnEL7w70TfEWc1TTUbA5SHzE
BkfYcbbHkWSYJDOtpQG1jkTMkPxbGwqtB4ECIQDzngBlsi1+Hn5PO8ZHGHUNaCGq
RsCss7AqUfjvUWRNVwIhAMsQ7cvuSTBR9htunHoWaHyHjLtvOci3m8Jazu2NNIoR
AiBdZVSXqFCCimQ4Mh1YwkqVwjct1YQmcZj3EIgUD6sZbwIhAJ9jxVNp0RbVbpiv
pLELv63nc6Z3smKDBAZ04rGBQXkRAiBxUO3mdrT/dccK2Gv2P3UtSeluxYU5HOEF
vq/41daA5w==
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBeTCCASOgAwIBAgIUJhXk6T0Bn1W215O84NLHAtZv8PkwDQYJKoZIhvcNAQEL
BQAwEDEOMAwGA1UEAwwFc2hvcnQwIBcNMjYxMTI3MTMwMTA3WhgPMjEyNjExMDMx
MzAxMDdaMBAxDjAMBgNVBAMMBXNob3J0MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJB
AME+ZnwCEDbav9ExlUKuK50W7bJRhoHZIekry8baraqX94J7inuZXwe3K8Rjmpjh
dVs7nZs1bVHejsDsSBoGCMcCAwEAAaNTMFEwHQYDVR0OBBYEFKO84xRTQsT2xFLm
hKXbdmya37vsMB8GA1UdIwQYMBaAFKO84xRTQsT2xFLmhKXbdmya37vsMA8GA1Ud
EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADQQBmSIq/N5OiLkY7QIqCT3ZjAYrF
pTE7uSn62SqSzqli8eeyfDvbkq9eqPFwEo3Dq56+Z+ntQTk2B7lm4+9i2Ciz
-----END CERTIFICATE-----
";

    internal static void AKeyWithANumberThatIsShorterThanUsualIsTaken()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, ShortNumber);
            Type pem = typeof(MerkleKvClient).Assembly.GetType("MerkleKV.Client.Pem", true);
            MethodInfo load = pem.GetMethod(
                "CertificateWithKey", BindingFlags.NonPublic | BindingFlags.Static);
            var certificate = (X509Certificate2)load.Invoke(null, new object[] { file, file });
            Check.Equal(true, certificate.HasPrivateKey);
            RSAParameters key = ((RSA)certificate.PrivateKey).ExportParameters(true);
            Check.Equal(0, (int)key.D[0]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
