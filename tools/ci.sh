#!/usr/bin/env bash
# The whole check, one stage after another; a stage that fails does not hide the next one's result,
# and one that exits 77 cannot be run here.
# What each said is in build/ci/STAGE.log; the end of it is shown where a stage failed.
set -u
cd "$(dirname "$0")/.." || exit
mkdir -p build/ci
passed=0 failed=0
# One test more at a time than processors: some mostly wait.
JOBS=$(($(nproc) + 1))
export JOBS

build() { cmake --preset "$1" --log-level=NOTICE && cmake --build "build/$1" -t $2 -- --quiet; }

lint() { make --no-print-directory lint; }
# The program, and what computes: there an optimiser could make a difference. The sanitizers' stage is
# the same compiler's, of everything.
computing='base field kernels message crypto model audit import proof circuit annex split likeness consensus'
both_compilers() {
    local tests=() module file
    for module in $computing; do
        for file in src/"$module"/*_test.c; do tests+=("$module.$(basename "$file" .c)"); done
    done
    build clang "vouch ${tests[*]}" &&
        ctest --test-dir build/clang -j$JOBS --timeout 600 --output-on-failure \
            -R "^(${computing// /|})/" -E '_fuzz$'
}
# Address and undefined behaviour; replays the fuzz corpora. tests/CMakeLists.txt says what is asked of
# make_test's programs alone.
sanitizers() {
    build asan all &&
        ctest --test-dir build/asan -j$JOBS --timeout 600 --output-on-failure -LE '^unsanitized$'
}
# Another processor, emulated. Before make_test, which compares its digests with this machine's.
aarch64() { tools/dependencies.sh arm && make --no-print-directory aarch64; }
make_test() { make --no-print-directory test; }

# Counts ctest's tests where a stage ran any, else the stage itself.
count() {
    local result=$1 bad all
    read -r bad all < <(
        sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\)$/\1 \2/p' "$2")
    if [ -n "$all" ]; then
        [ "$result" = 0 ] || [ "$bad" != 0 ] || bad=1 # it failed beside its tests
        failed=$((failed + bad)) passed=$((passed + all - bad))
        echo "$((all - bad)) of $all tests passed"
    elif [ "$result" = 0 ]; then
        passed=$((passed + 1))
        echo passed
    elif [ "$result" = 77 ]; then
        sed -n '/^skipped: /h; ${g; p}' "$2"
    else
        failed=$((failed + 1))
        echo FAILED
    fi
}

# What each failed test said last: told again where a reader looks first, at the end.
tell_failures() {
    awk -v last=12 '
        function tell(i) {
            if (name == "") return
            print "--- the end of what " name " said"
            for (i = count > last ? count - last + 1 : 1; i <= count; i++) print said[i]
            name = ""
        }
        / Test +#[0-9]+: / { tell() }
        / Test +#[0-9]+: .*\*\*\*/ && !/\*\*\*Skipped/ {
            match($0, /#[0-9]+: [^ ]+/)
            name = substr($0, RSTART, RLENGTH); sub(/^#[0-9]+: /, "", name)
            count = 0
            next
        }
        /^ +Start +[0-9]+: / || /^[0-9]+% tests passed/ { tell() }
        name != "" && NF > 0 { said[++count] = substr($0, 1, 300) }
        END { tell() }' build/ci/*.log
}

stage() {
    local name=$1 start=$SECONDS log=build/ci/$1.log result=0
    printf '%-16s' "$name"
    "$name" >"$log" 2>&1 </dev/null || result=$?
    count "$result" "$log" >build/ci/count
    printf '%3dm%02ds  %s\n' $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)) \
        "$(cat build/ci/count)"
    case $result in 0 | 77) return ;; esac
    echo "--- the end of $log"; tail -n 60 "$log"; echo "---"
}

stage lint
stage both_compilers
stage sanitizers
stage aarch64
stage make_test
printf 'all stages      %3dm%02ds\n' $((SECONDS / 60)) $((SECONDS % 60))
[ "$failed" = 0 ] || tell_failures
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
