package io.plinth.kit.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.plinth.kit.net.NettyEventLoops;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One node as a process of its own: signals, exit codes, what it prints, and what it tells systemd. */
@Timeout(90)
class NodeProcessIT {
    @TempDir
    Path folder = Path.of("");

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void kill() throws InterruptedException {
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
    }

    private Path write(String echo, int port) throws IOException {
        return Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            echo: %s
            nodes:
              echo-1: { run: echo, port: %d, admin: "127.0.0.1:0", loops: 1 }
            """.formatted(echo, port));
    }

    private Process run(Path file, String notifySocket, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                // A build in the background of a script ignores INT, one under nohup HUP, and what it starts inherits
                // that.
                "env",
                "--default-signal=HUP,INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                EchoMain.class.getName(),
                "--file",
                file.toString(),
                "echo-1"));
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile());
        builder.environment().put("NOTIFY_SOCKET", notifySocket);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private Matcher awaitLine(String regex) throws Exception {
        Pattern pattern = Pattern.compile(regex);
        while (true) {
            Matcher matcher = pattern.matcher(Files.readString(folder.resolve("out")));
            if (matcher.find()) {
                return matcher;
            }
            assertThat(processes.getLast().isAlive())
                    .as(() -> "alive; printed " + text("out") + text("err"))
                    .isTrue();
            Thread.sleep(10);
        }
    }

    private String text(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void signal(Process process, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    @Test
    void printsWhereItListensTellsSystemdAndStopsOnTermWithExitCode0() throws Exception {
        NettyEventLoops loops = NettyEventLoops.open("test", 1, "epoll");
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Path socket = folder.resolve("notify");
        try {
            new Bootstrap()
                    .group(loops.group())
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                        @Override
                        protected void channelRead0(ChannelHandlerContext ctx, DomainDatagramPacket packet) {
                            told.add(packet.content().toString(StandardCharsets.UTF_8));
                        }
                    })
                    .bind(new DomainSocketAddress(socket.toString()))
                    .sync();
            Process process = run(write("{}", 0), socket.toString());
            int port = Integer.parseInt(
                    awaitLine("INFO +echo-1 RunningNode echo-1 is ready: echo 127.0.0.1:(\\d+), admin 127.0.0.1:\\d+"
                                    + " \\(epoll, 1 loops\\)")
                            .group(1));
            assertThat(told.poll(30, TimeUnit.SECONDS)).startsWith("READY=1\nSTATUS=echo 127.0.0.1:" + port);
            try (Socket client = new Socket("127.0.0.1", port)) {
                client.getOutputStream().write('x');
                assertThat(client.getInputStream().read()).isEqualTo('x');

                signal(process, "HUP");
                assertThat(told.poll(30, TimeUnit.SECONDS)).startsWith("RELOADING=1\nMONOTONIC_USEC=");
                assertThat(told.poll(30, TimeUnit.SECONDS)).startsWith("READY=1");

                signal(process, "TERM");
                assertThat(told.poll(30, TimeUnit.SECONDS)).isEqualTo("STOPPING=1");
                client.getOutputStream().write('y');
                assertThat(client.getInputStream().read()).isEqualTo('y');
            }
            assertThat(process.waitFor()).isZero();
            assertThat(text("err")).isEmpty();
        } finally {
            loops.close();
        }
    }

    @Test
    void aBadFileOnHupIsLoggedAndTheNodeServesOn() throws Exception {
        Process process = run(write("{ greeting: hello }", 0), "");
        awaitLine("is ready: ");
        write("{ greting: hello }", 0);

        signal(process, "HUP");

        awaitLine("WARN +echo-1 NodeCommand echo-1 keeps its configuration, the file cannot be used:\\n"
                + ".*plinth.yaml:2:9: .*greeting");
        signal(process, "INT");
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void aPortInUseIsOneLineAndExitCode1() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            Process process = run(write("{}", port), "");

            assertThat(process.waitFor()).isEqualTo(1);
            assertThat(text("err"))
                    .isEqualTo(
                            "echo-1: echo: 127.0.0.1:%d is in use; stop what listens there or change nodes.echo-1.port%n"
                                    .formatted(port));
        }
    }

    @Test
    void everyMistakeInTheFileIsALineAndExitCode1() throws Exception {
        Path file = Files.writeString(
                folder.resolve("plinth.yaml"),
                "stack: test\necho: { greting: hello }\nnodes:\n  echo-1: { run: ecco }\n");

        Process process = run(file, "");

        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(text("err").lines()).hasSizeGreaterThanOrEqualTo(2).allMatch(line -> line.startsWith(file + ":"));
    }

    @Test
    void aWrongCommandLineIsExitCode2() throws Exception {
        assertThat(run(write("{}", 0), "", "--nonsense").waitFor()).isEqualTo(2);
    }
}
