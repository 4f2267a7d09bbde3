package io.plinth.geodns;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.xbill.DNS.Message;
import org.xbill.DNS.SimpleResolver;

/** A node of its own in this JVM, on ports of its own, with its files in one folder. */
public final class TestNode implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path folder;
    private final RunningNode node;
    private final HttpClient http = HttpClient.newHttpClient();

    private TestNode(Path folder, RunningNode node) {
        this.folder = folder;
        this.node = node;
    }

    /** Starts with a file that has these regions and this section; zone files stand in {@code folder} already. */
    public static TestNode start(Path folder, String regions, String section) throws Exception {
        return start(folder, regions, section, "epoll");
    }

    static TestNode start(Path folder, String regions, String section, String transport) throws Exception {
        return start(folder, load(write(folder, regions, section)), transport);
    }

    /** One that is bound to {@code host}. */
    static TestNode startAt(Path folder, String regions, String section, String host) throws Exception {
        Path path = write(folder, regions, section);
        Files.writeString(path, Files.readString(path).replace("run: geo-dns,", "run: geo-dns, host: " + host + ","));
        return start(folder, load(path), "epoll");
    }

    private static TestNode start(Path folder, StackFile file, String transport) throws Exception {
        return new TestNode(
                folder,
                NodeRunner.start(
                        GeoDnsMain.TYPE,
                        file,
                        "dns-1",
                        new NodeOptions(
                                transport,
                                Duration.ofSeconds(10),
                                Map.of(),
                                false,
                                TestNode::load,
                                Clock.systemUTC())));
    }

    public static Path write(Path folder, String regions, String section) throws IOException {
        String text = """
            stack: test
            regions:
            %s
            geo-dns:
            %s
            nodes:
              dns-1: { run: geo-dns, region: eu, port: 0, admin: "127.0.0.1:0", loops: 2 }
            """.formatted(regions.indent(2), section.indent(2));
        return Files.writeString(folder.resolve("plinth.yaml"), text);
    }

    static StackFile load(Path path) throws ConfigException {
        return StackFiles.read(path, List.of(GeoDnsMain.TYPE), Map.of(), Map.of());
    }

    Path folder() {
        return folder;
    }

    public RunningNode node() {
        return node;
    }

    public InetSocketAddress address() {
        return node.listening().getOrDefault("udp", new InetSocketAddress(0));
    }

    SimpleResolver resolver(boolean tcp) {
        SimpleResolver resolver = new SimpleResolver(address());
        resolver.setTCP(tcp);
        resolver.setEDNS(-1);
        resolver.setTimeout(PATIENCE);
        return resolver;
    }

    Message udp(Message query) throws IOException {
        return resolver(false).send(query);
    }

    Message tcp(Message query) throws IOException {
        return resolver(true).send(query);
    }

    HttpResponse<String> admin(String method, String path) throws Exception {
        return admin(method, path, "");
    }

    public HttpResponse<String> admin(String method, String path, String body) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + node.admin().getPort() + path);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** Something that holds sooner or later. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    public static void await(String what, Condition condition) throws Exception {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.holds()) {
            assertThat(Instant.now()).as("waiting for %s", what).isBefore(deadline);
            Thread.sleep(20);
        }
    }

    @Override
    public void close() {
        http.close();
        node.close();
    }
}
