<?php

/** Runs the functions of the files here whose names begin with test:  php tests/run.php */

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    // What is silenced with @ is expected.
    return (error_reporting() & $level) === 0 ? false : throw new ErrorException($message, 0, $level, $file, $line);
});

function same(mixed $expected, mixed $got): void
{
    if ($expected !== $got) {
        throw new RuntimeException(var_export($got, true) . ' instead of ' . var_export($expected, true));
    }
}

/** The exception of this class that a function throws. */
function thrown(string $class, callable $function): Throwable
{
    try {
        $function();
    } catch (Throwable $thrown) {
        if ($thrown instanceof $class) {
            return $thrown;
        }
        throw $thrown;
    }
    throw new RuntimeException("no $class was thrown");
}

foreach (glob(__DIR__ . '/*_test.php') as $file) {
    require $file;
}
$failed = $passed = 0;
foreach (get_defined_functions()['user'] as $function) {
    if (str_starts_with($function, 'test')) {
        try {
            $function();
            $passed++;
        } catch (Throwable $problem) {
            $failed++;
            fprintf(STDERR, "%s: %s in %s:%d\n", $function, $problem->getMessage(), $problem->getFile(), $problem->getLine());
        }
    }
}
echo "$passed passed, $failed failed\n";
exit($failed > 0 || $passed === 0 ? 1 : 0);
