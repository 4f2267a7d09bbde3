package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class PubSubTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final CommandHarness.Connection listener = node.connect();

    @Test
    void deliversToChannelsAndPatterns() {
        assertThat(listener.run("SUBSCRIBE news sport"))
                .isEqualTo("*3|$9|subscribe|$4|news|:1|*3|$9|subscribe|$5|sport|:2|");
        assertThat(listener.run("PSUBSCRIBE n*")).isEqualTo("*3|$10|psubscribe|$2|n*|:3|");
        assertThat(client.run("PUBLISH news hi")).isEqualTo(":2|");
        assertThat(listener.received()).isEqualTo("*3|$7|message|$4|news|$2|hi|*4|$8|pmessage|$2|n*|$4|news|$2|hi|");
        assertThat(client.run("PUBSUB CHANNELS")).contains("news").contains("sport");
        assertThat(client.run("PUBSUB NUMSUB news x")).isEqualTo("*4|$4|news|:1|$1|x|:0|");
        assertThat(client.run("PUBSUB NUMPAT")).isEqualTo(":1|");
        assertThat(listener.run("UNSUBSCRIBE")).endsWith(":1|");
        assertThat(listener.run("PUNSUBSCRIBE n*")).isEqualTo("*3|$12|punsubscribe|$2|n*|:0|");
        assertThat(listener.run("UNSUBSCRIBE")).isEqualTo("*3|$11|unsubscribe|$-1|:0|");
        assertThat(client.run("PUBLISH news hi")).isEqualTo(":0|");
        assertThat(node.forwarded).containsExactly("news=hi", "news=hi");
    }

    @Test
    void confinesAResp2SubscriberButNotAResp3One() {
        listener.run("SUBSCRIBE c");
        assertThat(listener.run("GET a"))
                .isEqualTo("-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are"
                        + " allowed in this context|");
        assertThat(listener.run("PING")).isEqualTo("*2|$4|pong|$0||");
        listener.run("RESET");
        listener.run("HELLO 3");
        listener.run("SUBSCRIBE c");
        assertThat(listener.run("GET a")).isEqualTo("_|");
        assertThat(listener.run("PUBLISH c m")).isEqualTo(":1|>3|$7|message|$1|c|$1|m|");
    }

    @Test
    void aMessageToItselfComesAfterTheReply() {
        listener.run("HELLO 3");
        listener.run("SUBSCRIBE c");
        listener.run("SSUBSCRIBE s");
        listener.run("MULTI");
        listener.run("PUBLISH c one");
        listener.run("PING");
        listener.run("SPUBLISH s two");
        assertThat(listener.run("EXEC"))
                .isEqualTo("*3|:1|+PONG|:1|>3|$7|message|$1|c|$3|one|>3|$8|smessage|$1|s|$3|two|");
        listener.run("CLIENT REPLY SKIP");
        assertThat(listener.run("PUBLISH c three")).isEqualTo(">3|$7|message|$1|c|$5|three|");
        listener.run("CLIENT REPLY OFF");
        assertThat(listener.run("PUBLISH c four")).isEqualTo(">3|$7|message|$1|c|$4|four|");
        assertThat(listener.run("CLIENT REPLY ON")).isEqualTo("+OK|");
    }

    @Test
    void messagesThatWaitForAReplyCount() {
        listener.run("HELLO 3");
        listener.run("SUBSCRIBE c");
        listener.run("MULTI");
        for (int i = 0; i < 20; i++) {
            listener.call("PUBLISH", "c", "m".repeat(10_000));
        }
        listener.run("EXEC");
        assertThat(listener.client.closing()).isTrue();
    }

    @Test
    void shardChannelsAreApart() {
        assertThat(listener.run("SSUBSCRIBE c")).isEqualTo("*3|$10|ssubscribe|$1|c|:1|");
        assertThat(client.run("PUBLISH c m")).isEqualTo(":0|");
        assertThat(client.run("SPUBLISH c m")).isEqualTo(":1|");
        assertThat(listener.received()).isEqualTo("*3|$8|smessage|$1|c|$1|m|");
    }

    /** It would take the message for the reply to what it asks next. */
    @Test
    void whoWasToldThatItListensNoMoreGetsNoMessage() {
        Queue<Runnable> others = new ArrayDeque<>();
        listener.run("SUBSCRIBE c");
        listener.run("PSUBSCRIBE c*");
        listener.run("SSUBSCRIBE c");
        node.others = others;
        assertThat(client.run("PUBLISH c one")).isEqualTo(":2|");
        assertThat(client.run("SPUBLISH c two")).isEqualTo(":1|");
        node.others = null;
        listener.run("UNSUBSCRIBE c");
        assertThat(listener.run("SUNSUBSCRIBE c")).isEqualTo("*3|$12|sunsubscribe|$1|c|:0|");
        others.forEach(Runnable::run);
        assertThat(listener.received())
                .as("still listens to the pattern")
                .isEqualTo("*4|$8|pmessage|$2|c*|$1|c|$3|one|");
        node.others = others;
        others.clear();
        client.run("PUBLISH c three");
        node.others = null;
        listener.run("PUNSUBSCRIBE");
        others.forEach(Runnable::run);
        assertThat(listener.run("PING")).isEqualTo("+PONG|");
    }

    @Test
    void aSubscriberThatDoesNotReadIsClosed() {
        listener.run("SUBSCRIBE c");
        for (int i = 0; i < 20; i++) {
            client.call("PUBLISH", "c", "m".repeat(10_000));
        }
        assertThat(listener.client.closing()).isTrue();
        listener.received();
    }
}
