<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\InvalidArgumentException;

/** What a client needs to speak TLS. All files are PEM, and are read when a client is made. */
final class Tls
{
    /**
     * @param string|null $caFile certificates of the authority; those of the system without it
     * @param string|null $serverName the name in the node's certificate; the host without it
     * @param string|null $certFile the client's own certificate, if the node asks for one
     * @param string|null $keyFile its private key
     */
    public function __construct(
        private readonly ?string $caFile = null,
        private readonly ?string $serverName = null,
        private readonly ?string $certFile = null,
        private readonly ?string $keyFile = null,
    ) {
        if (!extension_loaded('openssl')) {
            throw new InvalidArgumentException('TLS needs the extension openssl of PHP');
        }
        if (($certFile === null) !== ($keyFile === null)) {
            throw new InvalidArgumentException('TLS needs both certFile and keyFile, or neither');
        }
        self::check($caFile, 'a certificate', openssl_x509_read(...));
        self::check($certFile, 'a certificate', openssl_x509_read(...));
        self::check($keyFile, 'a private key', openssl_pkey_get_private(...));
    }

    /**
     * The options of a stream's context.
     *
     * @return array<string, mixed>
     */
    public function context(string $host): array
    {
        return array_filter([
            'verify_peer' => true,
            'verify_peer_name' => true,
            'peer_name' => $this->serverName ?? $host,
            'cafile' => $this->caFile,
            'local_cert' => $this->certFile,
            'local_pk' => $this->keyFile,
        ], static fn (mixed $value): bool => $value !== null);
    }

    private static function check(?string $file, string $what, callable $parse): void
    {
        if ($file === null) {
            return;
        }
        $pem = @file_get_contents($file);
        if ($pem === false) {
            throw new InvalidArgumentException("TLS: cannot read $file");
        }
        if (@$parse($pem) === false) {
            throw new InvalidArgumentException("TLS: $file does not hold $what in PEM");
        }
    }
}
