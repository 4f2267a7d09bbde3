package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ExchangeMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.QueueMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Declares, bindings and deletions that a client sends without waiting for the answer to the one before. */
@Timeout(60)
class PipelinedDeclaresIT {
    private static final int MANY = 300;
    private static TestBroker broker;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        broker = new TestBroker(folder, "{ limits: { pending-frames: 64 } }");
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private static RawClient client() throws IOException {
        return new RawClient(broker.address().getPort());
    }

    private static QueueMethod.Declare declare(String queue, boolean nowait, FieldTable arguments) {
        return new QueueMethod.Declare(0, queue, false, true, false, false, nowait, arguments);
    }

    private static QueueMethod.Declare declare(String queue) {
        return declare(queue, false, FieldTable.EMPTY);
    }

    private static QueueMethod.Bind bind(String queue, String exchange) {
        return new QueueMethod.Bind(0, queue, exchange, "key", false, FieldTable.EMPTY);
    }

    private static ExchangeMethod.Declare exchange(String name) {
        return new ExchangeMethod.Declare(0, name, "fanout", false, true, false, false, false, FieldTable.EMPTY);
    }

    @Test
    void allAreAnsweredInTheOrderTheyWereSent() throws Exception {
        List<Method> sent = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            sent.add(exchange("ordered x" + i));
            sent.add(declare("ordered " + i));
            // Of the exchange before, and with the name left out.
            sent.add(bind("", i % 2 == 0 ? "ordered x" + i : "amq.direct"));
        }
        try (RawClient client = client()) {
            client.send(1, sent);
            for (int i = 0; i < MANY; i++) {
                assertThat(client.read()).isInstanceOf(ExchangeMethod.DeclareOk.class);
                assertThat(client.read()).isEqualTo(new QueueMethod.DeclareOk("ordered " + i, 0, 0));
                assertThat(client.read()).isInstanceOf(QueueMethod.BindOk.class);
            }
            List<Method> deleted = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                deleted.add(new QueueMethod.Delete(0, "ordered " + i, false, false, false));
            }
            deleted.add(declare("ordered 0", false, new FieldTable(Map.of("x-max-length", 1))));
            client.send(1, deleted);
            for (int i = 0; i < MANY; i++) {
                assertThat(client.read()).isInstanceOf(QueueMethod.DeleteOk.class);
            }
            assertThat(client.read()).isEqualTo(new QueueMethod.DeclareOk("ordered 0", 0, 0));
        }
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.basicPublish("amq.direct", "key", null, new byte[0]);
            channel.basicPublish("ordered x0", "", null, new byte[0]);
            assertThat(channel.messageCount("ordered 0")).isZero();
        }
    }

    @Test
    void behindOneThatIsRefusedNoneIsDone() throws Exception {
        try (RawClient client = client()) {
            client.send(
                    1,
                    List.of(
                            declare("refused 1"),
                            declare("refused 1", false, new FieldTable(Map.of("x-max-length", 1))),
                            declare("refused 2")));
            assertThat(client.read()).isEqualTo(new QueueMethod.DeclareOk("refused 1", 0, 0));
            assertThat(((ChannelMethod.Close) client.read()).replyCode()).isEqualTo(406);
            client.send(1, new ChannelMethod.CloseOk());
            client.open(1);
            client.send(1, List.of(declare("refused 3"), bind("refused 3", ""), declare("refused 4")));
            assertThat(client.read()).isEqualTo(new QueueMethod.DeclareOk("refused 3", 0, 0));
            assertThat(((ChannelMethod.Close) client.read()).replyCode()).isEqualTo(403);
            client.send(1, new ChannelMethod.CloseOk());
            for (String missing : List.of("refused 2", "refused 4")) {
                client.open(1);
                client.send(1, new QueueMethod.Declare(0, missing, true, true, false, false, false, FieldTable.EMPTY));
                assertThat(((ChannelMethod.Close) client.read()).replyCode()).isEqualTo(404);
                client.send(1, new ChannelMethod.CloseOk());
            }
        }
    }

    @Test
    void whatIsDeclaredWithoutAnAnswerIsThereForWhatComesBehind() throws Exception {
        try (RawClient client = client()) {
            List<Method> sent = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                sent.add(declare("silent " + i, true, FieldTable.EMPTY));
            }
            sent.add(new QueueMethod.Purge(0, "silent " + (MANY - 1), false));
            sent.add(new BasicMethod.Get(0, "silent 0", true));
            client.send(1, sent);
            assertThat(client.read()).isEqualTo(new QueueMethod.PurgeOk(0));
            assertThat(client.read()).isInstanceOf(BasicMethod.GetEmpty.class);
        }
    }

    @Test
    void anExclusiveQueueUnderWayGoesWithItsConnection() throws Exception {
        try (RawClient client = client()) {
            List<Method> sent = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                sent.add(declare("beside " + i, true, FieldTable.EMPTY));
                sent.add(new QueueMethod.Declare(0, "own " + i, false, true, true, false, true, FieldTable.EMPTY));
            }
            client.send(1, sent);
        }
        try (Connection connection = broker.connect()) {
            for (int i = 0; i < MANY; i++) {
                eventuallyDeclared(connection, "own " + i);
            }
        }
    }

    private static void eventuallyDeclared(Connection connection, String queue) throws Exception {
        while (true) {
            Channel channel = connection.createChannel();
            try {
                channel.queueDeclare(queue, true, false, false, Map.of());
                channel.close();
                return;
            } catch (IOException e) {
                assertThat(String.valueOf(e.getCause())).contains("RESOURCE_LOCKED");
            }
        }
    }

    private static ExchangeMethod.Declare passing(String name) {
        return new ExchangeMethod.Declare(0, name, "fanout", false, true, true, false, false, FieldTable.EMPTY);
    }

    private static QueueMethod.Unbind unbind(String queue, String exchange) {
        return new QueueMethod.Unbind(0, queue, exchange, "key", FieldTable.EMPTY);
    }

    @Test
    void whatIsUnboundBeforeItIsDeletedIsUnused() throws Exception {
        try (RawClient client = client()) {
            client.send(1, List.of(exchange("unused x"), declare("unused"), bind("unused", "unused x")));
            for (int i = 0; i < 3; i++) {
                client.read();
            }
            client.send(
                    1, List.of(unbind("unused", "unused x"), new ExchangeMethod.Delete(0, "unused x", true, false)));
            assertThat(client.read()).isInstanceOf(QueueMethod.UnbindOk.class);
            assertThat(client.read()).isInstanceOf(ExchangeMethod.DeleteOk.class);
        }
    }

    @Test
    void aQueueIsNotDeletedBehindADeletionThatIsRefused() throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            for (String queue : List.of("full", "behind full")) {
                channel.queueDeclare(queue, true, false, false, Map.of());
                channel.confirmSelect();
                channel.basicPublish("", queue, null, new byte[1]);
                channel.waitForConfirmsOrDie(20_000);
            }
            try (RawClient client = client()) {
                client.send(
                        1,
                        List.of(
                                new QueueMethod.Delete(0, "full", false, true, false),
                                new QueueMethod.Delete(0, "behind full", false, false, false)));
                assertThat(((ChannelMethod.Close) client.read()).replyCode()).isEqualTo(406);
            }
            assertThat(channel.messageCount("behind full")).isEqualTo(1);
        }
    }

    @Test
    void anExchangeDeclaredBehindItsLastBindingIsThere() throws Exception {
        try (RawClient client = client()) {
            client.send(1, List.of(passing("passing x"), declare("passing"), bind("passing", "passing x")));
            for (int i = 0; i < 3; i++) {
                client.read();
            }
            client.send(1, List.of(unbind("passing", "passing x"), passing("passing x")));
            assertThat(client.read()).isInstanceOf(QueueMethod.UnbindOk.class);
            assertThat(client.read()).isInstanceOf(ExchangeMethod.DeclareOk.class);
            client.send(1, bind("passing", "passing x"));
            assertThat(client.read()).isInstanceOf(QueueMethod.BindOk.class);
        }
    }
}
