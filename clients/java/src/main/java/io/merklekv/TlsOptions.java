package io.merklekv;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * How connections are encrypted. Immutable. Files are read when a connection is opened. The name
 * in the node's certificate is always verified.
 */
public final class TlsOptions {
    private final SSLContext given;
    private final Path authority;
    private final String serverName;
    private final Path certificate;
    private final Path key;

    private TlsOptions(SSLContext given, Path authority, String serverName, Path certificate, Path key) {
        this.given = given;
        this.authority = authority;
        this.serverName = serverName;
        this.certificate = certificate;
        this.key = key;
    }

    /** Trusts the authorities that Java trusts. */
    public static TlsOptions system() {
        return new TlsOptions(null, null, null, null, null);
    }

    /** Trusts the certificates in a PEM file, and no others. */
    public static TlsOptions authority(Path pem) {
        return new TlsOptions(null, pem, null, null, null);
    }

    /** Takes trust and certificates from a context of the program's own. */
    public static TlsOptions context(SSLContext context) {
        return new TlsOptions(context, null, null, null, null);
    }

    /** Expects this name in the node's certificate instead of the host. */
    public TlsOptions serverName(String name) {
        return new TlsOptions(given, authority, name, certificate, key);
    }

    /** Shows the node a certificate: PEM files of the certificate and its PKCS#8 key. */
    public TlsOptions certificate(Path certificatePem, Path keyPem) {
        return new TlsOptions(given, authority, serverName, certificatePem, keyPem);
    }

    /** Wraps a connected socket and shakes hands. */
    Socket wrap(Socket plain, String host, int port) throws IOException {
        String name = serverName == null ? host : serverName;
        SSLSocket socket = (SSLSocket) context().getSocketFactory().createSocket(plain, name, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private SSLContext context() {
        if (given != null) {
            return given;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(certificate == null ? null : Pem.keyManagers(certificate, key),
                    authority == null ? null : Pem.trustManagers(authority), null);
            return context;
        } catch (GeneralSecurityException failure) {
            throw new MerkleKVArgumentException(
                    "TLS cannot be set up with these files: " + failure.getMessage(), failure);
        }
    }
}
