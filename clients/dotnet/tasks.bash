# Tasks of the C# client: see clients/README.md.
# shellcheck shell=bash disable=SC2034

NEEDS=(mcs:mono-mcs mono:mono-runtime /usr/lib/mono/4.5/System.Core.dll:libmono-system-core4.0-cil)
MODES=(sync async)
ADAPTER=(mono "$OUT/adapter.exe")

build() {
    local folder=clients/dotnet
    dotnet_compile -target:library -out:"$OUT/MerkleKV.Client.dll" "$folder"/src/*.cs &&
        dotnet_program adapter "$folder"/conformance/*.cs &&
        dotnet_program example "$folder"/examples/*.cs
}

own_tests() {
    dotnet_program tests clients/dotnet/tests/*.cs && mono "$OUT/tests.exe"
}

example() {
    mono "$OUT/example.exe" "$1" "$2"
}

# No client of Redis for Mono can be installed without NuGet.
PEER=""

bench_build() {
    dotnet_program bench clients/dotnet/bench/*.cs
}

BENCH_OURS=(mono "$OUT/bench.exe")
BENCH_REDIS=()

dotnet_compile() {
    mcs -nologo -langversion:latest -optimize+ -warnaserror "$@"
}

dotnet_program() {
    local name="$1"
    shift
    dotnet_compile -reference:"$OUT/MerkleKV.Client.dll" -out:"$OUT/$name.exe" "$@"
}
