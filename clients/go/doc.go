// Package merklekv is a client for MerkleKV nodes. It speaks their text protocol over one
// connection, which is opened by the first call and opened anew when it breaks.
//
//	client := merklekv.New("localhost", 7379)
//	defer client.Close()
//	err := client.Set(ctx, "room:1", "21.5")
//	value, found, err := client.Get(ctx, "room:1")
//
// Every call takes a context first. Its deadline and its cancellation count beside the client's
// own timeout; a call that ends while a reply is outstanding closes the connection, since the late
// reply would be taken for that of the next command.
//
// Keys and values are strings. A value is any bytes, and comes back as it was; a key is UTF-8
// without spaces and ASCII control characters.
//
// All errors are of type [*Error], and errors.Is tells their kinds apart: [ErrArgument],
// [ErrConnection], [ErrTimeout], [ErrCanceled], [ErrProtocol] and [ErrServer].
package merklekv
