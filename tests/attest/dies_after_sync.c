// Loaded before the C library: whoever has synced a file dies at once, by SIGKILL. What comes after
// the sync never happens.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): names are ours
int fsync(int file)
{
    (void)syscall(SYS_fsync, file);
    (void)kill(getpid(), SIGKILL);
    return -1;
}
