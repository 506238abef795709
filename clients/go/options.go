package merklekv

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"time"
)

const (
	defaultTimeout         = 5 * time.Second
	defaultConnectAttempts = 4
	defaultReplyLimit      = 16 << 20
)

// options is what a client is made with. Nothing in it changes later, apart from the login.
type options struct {
	timeout         time.Duration
	login           *login
	tls             *tls.Config
	connectAttempts int
	replyLimit      int
}

type login struct{ user, password string }

// Option changes one setting of a client that [New] makes.
type Option func(*options)

// WithTimeout sets the longest time that one reply may take, connecting included. It is 5 seconds
// unless set; values that are not positive are ignored.
func WithTimeout(timeout time.Duration) Option {
	return func(o *options) {
		if timeout > 0 {
			o.timeout = timeout
		}
	}
}

// WithUser has every connection log in.
func WithUser(user, password string) Option {
	return func(o *options) { o.login = &login{user, password} }
}

// WithTLS has the client speak TLS. A nil config trusts the system's authorities; without a
// ServerName the host is the name that the node's certificate has to have. [LoadTLS] makes a
// config of files. The config must not be changed afterwards.
func WithTLS(config *tls.Config) Option {
	return func(o *options) {
		if config == nil {
			config = &tls.Config{}
		}
		o.tls = config
	}
}

// WithConnectAttempts sets how often connecting is tried before a call fails: 4 times unless set.
// Values below 1 are ignored.
func WithConnectAttempts(attempts int) Option {
	return func(o *options) {
		if attempts > 0 {
			o.connectAttempts = attempts
		}
	}
}

// WithReplyLimit sets the longest line in bytes that is read: 16 MiB unless set. A longer one is a
// protocol error. Values below 1 are ignored.
func WithReplyLimit(bytes int) Option {
	return func(o *options) {
		if bytes > 0 {
			o.replyLimit = bytes
		}
	}
}

// LoadTLS makes a config for [WithTLS] of PEM files: the authority's certificates, and the
// client's own certificate and key for nodes that ask for one. An empty name leaves the part out;
// without an authority the system's are trusted. A file that is no good is an argument error.
func LoadTLS(authority, certificate, key string) (*tls.Config, error) {
	config := &tls.Config{}
	if authority != "" {
		pem, err := os.ReadFile(authority)
		if err != nil {
			return nil, tlsFileError("cannot read the authority's certificates", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, tlsFileError("no certificate in PEM form in "+authority, nil)
		}
	}
	if certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, tlsFileError("cannot load the client's certificate and key", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func tlsFileError(message string, cause error) error {
	return &Error{Kind: ErrArgument, Message: "TLS: " + message, Err: cause}
}
