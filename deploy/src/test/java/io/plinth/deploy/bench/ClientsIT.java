package io.plinth.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that answers each octet with one, or hangs up. */
@Timeout(60)
class ClientsIT {
    private static final int HANG_UP = 'x';

    private final AtomicInteger taken = new AtomicInteger();
    private ServerSocket server;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> answer(socket));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private void answer(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            for (int octet = in.read(); octet >= 0 && octet != HANG_UP; octet = in.read()) {
                taken.incrementAndGet();
                socket.getOutputStream().write(octet);
            }
        } catch (IOException e) {
            // The client has ended.
        }
    }

    private String run(Clients clients, int millis, char octet) throws InterruptedException {
        return run(clients, Duration.ZERO, millis, octet);
    }

    private String run(Clients clients, Duration lead, int millis, char octet) throws InterruptedException {
        return clients.run(server.getLocalPort(), lead, Duration.ofMillis(millis), all -> new OneOctet(all, octet));
    }

    /** However slow the machine is: who was due is asked, late if need be. */
    @Test
    void withARateEveryoneWhoIsDueIsAsked() throws Exception {
        String result = run(new Clients(4, 400, Clients.Unpaced.STAY), 250, 'a');
        assertThat(result).matches("RESULT \\d+ 100 \\d+ \\d+ errors=0");
        assertThat(taken).hasValue(100);
    }

    @Test
    void requestsOfTheLeadAreAskedButTheirLatenciesDoNotCount() throws Exception {
        String result = run(new Clients(4, 400, Clients.Unpaced.STAY), Duration.ofMillis(200), 0, 'a');
        assertThat(result).matches("RESULT \\d+ 80 0 0 errors=0");
        assertThat(run(new Clients(4, 400, Clients.Unpaced.STAY), Duration.ofMillis(100), 100, 'a'))
                .matches("RESULT \\d+ 80 [1-9]\\d* [1-9]\\d* errors=0");
    }

    @Test
    void withoutARateEachAsksOnceAndStaysOrAsksAgainAndAgain() throws Exception {
        assertThat(run(new Clients(70, 0, Clients.Unpaced.STAY), 100, 'a'))
                .matches("RESULT \\d+ 70 \\d+ \\d+ errors=0");
        assertThat(taken).hasValue(70);
        run(new Clients(2, 0, Clients.Unpaced.AGAIN), 300, 'a');
        assertThat(taken).hasValueGreaterThan(72);
    }

    @Test
    void aConnectionThatEndsOrNeverOpensIsAnErrorAndNobodyWaitsForIt() throws Exception {
        assertThat(run(new Clients(3, 30, Clients.Unpaced.STAY), 200, 'x')).matches("RESULT \\d+ 0 \\d+ \\d+ errors=3");
        assertThat(run(new Clients(3, 0, Clients.Unpaced.STAY), 200, 'x')).endsWith(" errors=3");
        server.close();
        assertThat(run(new Clients(3, 30, Clients.Unpaced.STAY), 200, 'a')).endsWith(" errors=3");
    }

    private static final class OneOctet extends Clients.Client {
        private final char octet;

        OneOctet(Clients all, char octet) {
            super(all);
            this.octet = octet;
        }

        @Override
        void ask(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(octet));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            int whole = in.readableBytes();
            in.release();
            answered(ctx, whole, true);
        }
    }
}
