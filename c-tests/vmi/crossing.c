/* Both processes ask each other at the same time: one connection comes of it. Then it is ended and made again, by the
 * other side. A lone process connects to itself. */
#include "client.h"

static PVMI_CONNECT made, asked;
static VMI_CONNECT_RESPONSE last_answer;
static int answers, refused, accepted, ended, messages;

static VMI_CONNECT_RESPONSE accept_any(PVMI_CONNECT connection, PVMI_SLAB data, ULONG size)
{
    CHECK(data != NULL);
    EQ(size, 0);
    asked = connection;
    accepted++;
    return VMI_CONNECT_RESPONSE_ACCEPT;
}

static void response(PVOID context, PVOID data, USHORT size, PVOID handle, VMI_CONNECT_RESPONSE answer)
{
    (void)context, (void)data, (void)size;
    answers++;
    last_answer = answer;
    if (answer == VMI_CONNECT_RESPONSE_ACCEPT)
        made = (PVMI_CONNECT)handle;
    else
        refused++;
}

static void issue(int rank)
{
    PVMI_CONNECT connection;
    PVMI_NETADDRESS address;
    char key[80];
    snprintf(key, sizeof key, "%s:%d", t_program, rank);
    OK(VMI_Connection_Create(&connection));
    OK(VMI_Connection_Allocate_IPV4_Address((char *)"localhost", 0, getpwuid(getuid())->pw_name, key, &address));
    OK(VMI_Connection_Bind(*localAddress, *address, connection));
    free(address);
    OK(VMI_Connection_Issue(connection, NULL, response, NULL));
}

static void end_done(PVMI_CONNECT connection, PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(connection != NULL && context == &ended);
    ended++;
}

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    (void)stream, (void)command, (void)slab;
    CHECK(context == NULL);
    CHECK(connection == made || connection == asked);
    messages++;
    return VMI_SLAB_DONE;
}

static void say(PVMI_CONNECT connection)
{
    t_peer peer;
    peer.connection = connection;
    t_send_inline(&peer, "x", 1);
}

static void with_myself(void)
{
    issue(t_rank);
    UNTIL(made && asked);
    say(made);
    say(asked);
    UNTIL(messages == 2);
    OK(VMI_Connection_Disconnect(asked, end_done, &ended));
    UNTIL(ended == 1 && t_lost == 1);
    made = asked = NULL;
    messages = ended = t_lost = answers = accepted = refused = 0;
}

int main(void)
{
    int other;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    other = 1 - t_rank;
    OK(VMI_Connection_Accept_Fn(accept_any));
    OK(VMI_Connection_Disconnect_Fn(t_disconnected));
    if (t_size == 1) {
        with_myself();
        return t_end();
    }
    while (!made && !asked) {
        int before = answers, were_refused = refused;
        issue(other);
        UNTIL(answers > before);
        if (refused > were_refused && last_answer == VMI_CONNECT_RESPONSE_REJECT)
            UNTIL(asked != NULL);
    }
    CHECK(!(made && asked));
    say(made ? made : asked);
    UNTIL(messages == 1);
    /* Rank 0 ends it, whoever made it; rank 1 asks again. */
    if (t_rank == 0) {
        PVMI_CONNECT old = made ? made : asked;
        made = asked = NULL;
        OK(VMI_Connection_Disconnect(old, end_done, &ended));
        UNTIL(ended == 1);
        UNTIL(asked != NULL);
        say(asked);
        UNTIL(t_lost == 1);
    } else {
        UNTIL(t_lost == 1);
        made = asked = NULL;
        issue(other);
        UNTIL(made != NULL);
        UNTIL(messages == 2);
        OK(VMI_Connection_Disconnect(made, end_done, &ended));
        UNTIL(ended == 1);
    }
    return t_end();
}
