/* Connects to the control socket of the given name, asks for its status and prints the answer: `knock NAME`. No MPI. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char answer[1 << 16];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t used = 0, len = argc > 1 ? strlen(argv[1]) : 0;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (len == 0 || len + 1 > sizeof to.sun_path)
        return 2;
    memcpy(to.sun_path + 1, argv[1], len);
    if (connect(fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) != 0) {
        perror("connect");
        return 1;
    }
    /* It may have closed already: what it said is still there. */
    send(fd, "status\n", 7, MSG_NOSIGNAL);
    for (ssize_t got; used + 1 < sizeof answer && !memchr(answer, '\n', used); used += (size_t)got)
        if ((got = read(fd, answer + used, sizeof answer - 1 - used)) <= 0)
            break;
    fputs(answer, stdout);
    return 0;
}
