//! The supervision of a node, and the facts about actix that it rests on.
