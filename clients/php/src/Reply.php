<?php

declare(strict_types=1);

namespace MerkleKV;

/** What the reply to a command is. */
enum Reply
{
    case Ok;
    /** A value, or null for a missing key. */
    case Value;
    /** A value that must be there, as behind APPEND. */
    case Text;
    case NewNumber;
    /** A number named after its command. */
    case Count;
    case Ttl;
    case Deleted;
    /** That of EXPIRE and PERSIST. */
    case Changed;
    case Pong;
    /** That of PING and ECHO with a message. */
    case Message;
    case Hash;
    case Version;
    case Values;
    /** Keys, and whether there may be more behind them. */
    case Page;
    case Report;
}
