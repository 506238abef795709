<?php

declare(strict_types=1);

namespace MerkleKV;

/** What follows the word of a command. */
enum Form
{
    case Bare;
    case Key;
    case KeyAndNumber;
    case KeyAndValue;
    case Value;
    case Keys;
    /** Keys and values in turns. */
    case Pairs;
    /** The prefix of HASH, which may be empty. */
    case Prefix;
    /** A prefix, and the last key of the page before or null. */
    case Page;
    case Login;
    case Report;
}
