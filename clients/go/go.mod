module github.com/AI-Decenter/MerkleKV/clients/go

go 1.23
