package io.plinth.geodns.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.plinth.geodns.answer.Asker;
import io.plinth.geodns.answer.QueryCounters;
import io.plinth.geodns.answer.Responder;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.place.GeoSource;
import io.plinth.testkit.SplitFeeding;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class TcpHandlerTest {
    private static final TcpLimits LIMITS = new TcpLimits(10, 10, TimeUnit.SECONDS.toNanos(10), 4_096);

    private final Snapshot snapshot =
            Asker.snapshot(Map.of("shop.example", """
                $TTL 60
                @ SOA ns1 hostmaster 1 2 3 4 5
                @ NS ns1
                ns1 A 192.0.2.1
                www A 192.0.2.2
                """), Map.of(), GeoSource.none(""), List.of());
    private final AtomicLong nanos = new AtomicLong();

    private EmbeddedChannel connect() {
        return connect(client -> true);
    }

    private EmbeddedChannel connect(Predicate<InetAddress> admission) {
        Responder responder =
                new Responder(Responder.Settings.of(() -> snapshot), new QueryCounters(), new SplittableRandom(1));
        return new EmbeddedChannel(new TcpHandler(responder, new TcpHandler.Room(), LIMITS, nanos::get, admission));
    }

    private static ByteBuf framed(Message... queries) {
        ByteBuf out = Unpooled.buffer();
        for (Message query : queries) {
            byte[] octets = query.toWire();
            out.writeShort(octets.length).writeBytes(octets);
        }
        return out;
    }

    private static Message query(String name, int id) {
        Message query = Asker.query(name, Type.A);
        query.getHeader().setID(id);
        return query;
    }

    private static List<Message> answers(EmbeddedChannel channel) throws Exception {
        List<Message> answers = new ArrayList<>();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            try {
                byte[] octets = new byte[out.readUnsignedShort()];
                out.readBytes(octets);
                assertThat(out.isReadable()).isFalse();
                answers.add(new Message(octets));
            } finally {
                out.release();
            }
        }
        return answers;
    }

    @Test
    void pipelinedQueriesAreAnsweredInOrder() throws Exception {
        EmbeddedChannel channel = connect();
        channel.writeInbound(framed(query("www.shop.example.", 1), query("x.shop.example.", 2), query("other.", 3)));
        List<Message> answers = answers(channel);
        assertThat(answers).extracting(answer -> answer.getHeader().getID()).containsExactly(1, 2, 3);
        assertThat(answers).extracting(Message::getRcode).containsExactly(Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.REFUSED);
        assertThat(answers.getFirst().getSection(Section.ANSWER)).hasSize(1);
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
    }

    @Test
    void howTheOctetsFallMakesNoDifference() {
        List<String> seen = SplitFeeding.of(framed(
                        query("www.shop.example.", 1),
                        query("a.rather.long.name.that.is.not.there.shop.example.", 2),
                        Asker.query("www.shop.example.", Type.ANY, new org.xbill.DNS.CookieOption(new byte[8]))))
                .channel(this::connect);
        assertThat(seen).isNotEmpty();
    }

    @Test
    void malformedQueriesAreAnsweredFormatErrorAndTheConnectionLives() throws Exception {
        EmbeddedChannel channel = connect();
        ByteBuf broken =
                Unpooled.buffer().writeShort(13).writeBytes(new byte[] {0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63});
        channel.writeInbound(Unpooled.wrappedBuffer(broken, framed(query("www.shop.example.", 1))));
        assertThat(answers(channel)).extracting(Message::getRcode).containsExactly(Rcode.FORMERR, Rcode.NOERROR);
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
    }

    @Test
    void whatIsNoQueryOrTooLargeEndsTheConnection() {
        for (byte[] bad :
                List.of(new byte[] {0, 0}, new byte[] {0, 3, 1, 2, 3}, new byte[] {(byte) 0xFF, (byte) 0xFF})) {
            EmbeddedChannel channel = connect();
            channel.writeInbound(Unpooled.wrappedBuffer(bad));
            assertThat(channel.isOpen()).isFalse();
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void whatWasAskedBeforeIsStillAnswered() throws Exception {
        for (byte[] bad : List.of(new byte[] {0, 3, 1, 2, 3}, new byte[] {(byte) 0xFF, (byte) 0xFF})) {
            EmbeddedChannel channel = connect();
            channel.writeInbound(
                    Unpooled.wrappedBuffer(framed(query("www.shop.example.", 1)), Unpooled.wrappedBuffer(bad)));
            assertThat(channel.isOpen()).isFalse();
            assertThat(answers(channel))
                    .extracting(answer -> answer.getHeader().getID())
                    .containsExactly(1);
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void octetsThatTrickleInKeepNoConnectionOpen() {
        EmbeddedChannel channel = connect();
        for (int i = 0; i < 9; i++) {
            advance(channel, 1);
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {0}).slice(0, i == 0 ? 1 : 0));
        }
        assertThat(channel.isOpen()).isTrue();
        advance(channel, 1);
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void wholeQueriesKeepTheConnectionOpen() throws Exception {
        EmbeddedChannel channel = connect();
        for (int i = 0; i < 5; i++) {
            advance(channel, 9);
            channel.writeInbound(framed(query("www.shop.example.", i)));
        }
        assertThat(channel.isOpen()).isTrue();
        assertThat(answers(channel)).hasSize(5);
        advance(channel, 10);
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    private void advance(EmbeddedChannel channel, long seconds) {
        channel.freezeTime();
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void aClientThatTakesNoAnswersIsNotReadFrom() throws Exception {
        EmbeddedChannel channel = connect();
        channel.config().setWriteBufferWaterMark(new io.netty.channel.WriteBufferWaterMark(64, 128));
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        channel.writeInbound(framed(query("www.shop.example.", 1), query("www.shop.example.", 2)));
        assertThat(answers(channel)).isEmpty();
        assertThat(channel.config().isAutoRead()).isFalse();
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        channel.runPendingTasks();
        assertThat(answers(channel)).hasSize(2);
        assertThat(channel.config().isAutoRead()).isTrue();
        channel.finishAndReleaseAll();
    }
}
