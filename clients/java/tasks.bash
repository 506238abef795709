# What the project's scripts do with the Java client; sourced at the repository root with OUT set.
# shellcheck shell=bash disable=SC2034
NEEDS=(javac:openjdk-17-jdk-headless mvn:maven)
MODES=(sync async)
ADAPTER=(java -cp "$OUT/classes:$OUT/adapter" Adapter)

build() {
    javac --release 11 -d "$OUT/classes" clients/java/src/main/java/io/merklekv/*.java &&
        javac --release 11 -cp "$OUT/classes" -d "$OUT/adapter" clients/java/conformance/*.java &&
        javac --release 11 -cp "$OUT/classes" -d "$OUT/example" clients/java/examples/*.java
}

own_tests() {
    mvn -q -B -f clients/java test
}

example() {
    java -cp "$OUT/classes:$OUT/example" SensorReadings "$1" "$2"
}

PEER="Jedis 8.0.2"

bench_build() {
    build &&
        mvn -q -B -f clients/java/bench dependency:copy-dependencies \
            -DoutputDirectory="$(realpath "$OUT")/jedis" &&
        javac -cp "$OUT/classes:$OUT/jedis/*" -d "$OUT/bench" clients/java/bench/*.java
}

BENCH_OURS=(java -cp "$OUT/classes:$OUT/bench" BenchMerkleKV)
BENCH_REDIS=(java -cp "$OUT/bench:$OUT/jedis/*" BenchJedis)
