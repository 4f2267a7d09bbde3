package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every error closes what AMQP 0-9-1 says it closes, with its code. */
@Timeout(60)
@ClientFixture.Section("{ limits: { message: 1MiB } }")
class ErrorCodesIT extends ClientFixture {
    private String queue() throws IOException {
        return channel.queueDeclare(name, true, false, false, Map.of()).getQueue();
    }

    @Test
    void whatIsRefusedBehindTheChannelNamesItsMethod() throws Exception {
        queue();
        Channel refused = connection.createChannel();
        assertThatThrownBy(() -> refused.queueDeclare(name, false, false, false, Map.of()))
                .isInstanceOf(IOException.class);
        assertThat(refused.getCloseReason().getReason()).isInstanceOfSatisfying(AMQP.Channel.Close.class, close -> {
            assertThat(close.getClassId()).isEqualTo(50);
            assertThat(close.getMethodId()).isEqualTo(10);
        });
    }

    @Test
    void anExclusiveQueueIsTheSameDurableOrNot() throws Exception {
        channel.queueDeclare(name, true, true, false, Map.of());
        channel.queueDeclare(name, false, true, false, Map.of());
        assertThat(channel.queueDeclare(name, true, true, false, Map.of()).getQueue())
                .isEqualTo(name);
    }

    @Test
    void softErrorsCloseTheChannelWithTheirCode() throws Exception {
        queue();
        assertClosesChannel(404, c -> c.basicGet("absent", true));
        assertClosesChannel(404, c -> {
            c.basicPublish("absent", "k", null, new byte[1]);
            c.queueDeclarePassive(name);
        });
        assertClosesChannel(406, c -> c.queueDeclare(name, false, false, false, Map.of()));
        assertClosesChannel(406, c -> c.queueDeclare(name, true, false, false, Map.of("x-message-ttl", 1)));
        assertClosesChannel(406, c -> c.queueDeclare("p", true, false, false, Map.of("x-max-priority", 256)));
        assertClosesChannel(406, c -> c.queueDeclare("p", true, false, false, Map.of("x-queue-type", "other")));
        assertClosesChannel(406, c -> c.queueDeclare("p", true, false, false, Map.of("x-overflow", "spill")));
        assertClosesChannel(406, c -> c.queueDeclare("p", true, false, false, Map.of("x-delivery-limit", -2)));
        assertClosesChannel(406, c -> c.queueDeclare("p", true, false, false, Map.of("x-message-ttl", "soon")));
        assertClosesChannel(406, c -> c.exchangeDeclare("p", "no-such-type"));
        assertClosesChannel(403, c -> c.exchangeDeclare("amq.mine", "direct"));
        assertClosesChannel(403, c -> c.queueDeclare("amq.mine", true, false, false, Map.of()));
        assertClosesChannel(403, c -> c.queueBind(name, "", "k"));
        assertClosesChannel(403, c -> c.exchangeDelete("amq.direct"));
        assertClosesChannel(403, c -> c.exchangeDeclarePassive(""));
        assertClosesChannel(406, c -> {
            c.basicAck(99, false);
            c.queueDeclarePassive(name);
        });
        assertClosesChannel(406, c -> {
            c.basicPublish(
                    "",
                    name,
                    new AMQP.BasicProperties.Builder().expiration("soon").build(),
                    new byte[1]);
            c.queueDeclarePassive(name);
        });
        assertClosesChannel(406, c -> {
            c.basicPublish(
                    "",
                    name,
                    new AMQP.BasicProperties.Builder().userId("someone").build(),
                    new byte[1]);
            c.queueDeclarePassive(name);
        });
        assertClosesChannel(406, c -> {
            c.basicPublish("", name, null, new byte[(1 << 20) + 1]);
            c.queueDeclarePassive(name);
        });
        channel.basicConsume(name, true, (t, d) -> {}, t -> {});
        assertClosesChannel(406, c -> c.queueDelete(name, true, false));
        assertClosesChannel(403, c -> c.basicConsume(name, true, "", false, true, Map.of(), (t, d) -> {}, t -> {}));
        channel.queueDeclare("other", true, false, false, Map.of());
        channel.basicPublish("", "other", null, new byte[1]);
        assertClosesChannel(406, c -> c.queueDelete("other", false, true));
    }

    @Test
    void hardErrorsCloseTheConnectionWithTheirCode() throws Exception {
        queue();
        assertClosesConnection(540, c -> c.basicQos(1, 1, false));
        assertClosesConnection(540, c -> c.basicRecover(false));
        assertClosesConnection(530, c -> {
            c.basicConsume(name, true, "tag", (t, d) -> {}, t -> {});
            c.basicConsume(name, true, "tag", (t, d) -> {}, t -> {});
        });
    }

    @Test
    void whatIsNotBoundIsUnboundByAnybodyAndWhatIsByItsOwnerAlone() throws Exception {
        channel.queueDeclare(name, false, true, false, Map.of());
        try (Connection other = broker.connect()) {
            other.createChannel().queueUnbind(name, "amq.direct", "k");
            channel.queueBind(name, "amq.direct", "k");
            assertCloses(405, other.createChannel(), c -> c.queueUnbind(name, "amq.direct", "k"));
        }
    }

    @Test
    void whatDoesNotFitIsToldInRabbitMqsWords() throws Exception {
        channel.queueDeclare(name, true, false, false, Map.of("x-message-ttl", 5, "x-dead-letter-exchange", "a"));
        Map<Map<String, Object>, String> declared = Map.of(
                Map.of("x-message-ttl", 6),
                "inequivalent arg 'x-message-ttl' for queue '" + name
                        + "' in vhost '/': received '6' but current is '5'",
                Map.of("x-message-ttl", 5),
                "inequivalent arg 'x-dead-letter-exchange' for queue '" + name
                        + "' in vhost '/': received none but current is the value 'a' of type 'longstr'",
                Map.of("x-message-ttl", -1),
                // Of a queue that is there RabbitMQ compares first, too.
                "inequivalent arg 'x-message-ttl' for queue '" + name
                        + "' in vhost '/': received '-1' but current is '5'");
        declared.forEach((arguments, text) -> assertThatThrownBy(
                        () -> connection.createChannel().queueDeclare(name, true, false, false, arguments))
                .hasRootCauseInstanceOf(ShutdownSignalException.class)
                .rootCause()
                .hasMessageContaining("PRECONDITION_FAILED - " + text));
        assertThatThrownBy(() -> connection
                        .createChannel()
                        .queueDeclare("new", true, false, false, Map.of("x-message-ttl", "soon")))
                .rootCause()
                .hasMessageContaining("invalid arg 'x-message-ttl' for queue 'new' in vhost '/': soon (expected: ");
    }

    @Test
    void aWrongPasswordOrVirtualHostIsRefused() {
        var wrong = broker.factory();
        wrong.setPassword("nonsense");
        assertThatThrownBy(wrong::newConnection)
                .isInstanceOf(com.rabbitmq.client.AuthenticationFailureException.class)
                .hasMessageContaining("ACCESS_REFUSED");
        var host = broker.factory();
        host.setVirtualHost("elsewhere");
        assertThatThrownBy(host::newConnection).isInstanceOf(IOException.class);
    }

    interface Act {
        void on(Channel channel) throws Exception;
    }

    private void assertClosesChannel(int code, Act act) throws Exception {
        assertCloses(code, connection.createChannel(), act);
        assertThat(connection.isOpen()).isTrue();
    }

    private void assertClosesConnection(int code, Act act) throws Exception {
        try (Connection own = broker.connect()) {
            assertCloses(code, own.createChannel(), act);
            assertThat(own.isOpen()).isFalse();
        } catch (AlreadyClosedException e) {
            // What was asserted.
        }
    }

    static void assertCloses(int code, Channel on, Act act) {
        assertThatThrownBy(() -> act.on(on)).satisfies(error -> {
            Throwable cause = error instanceof ShutdownSignalException ? error : error.getCause();
            ShutdownSignalException shutdown =
                    (ShutdownSignalException) Objects.requireNonNull(cause, error.toString());
            Object reason = shutdown.getReason();
            int got = reason instanceof AMQP.Channel.Close c
                    ? c.getReplyCode()
                    : ((AMQP.Connection.Close) reason).getReplyCode();
            assertThat(got).as(String.valueOf(reason)).isEqualTo(code);
        });
    }
}
