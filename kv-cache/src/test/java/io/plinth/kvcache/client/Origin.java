package io.plinth.kvcache.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An HTTP server that has values by path, and remembers what it was asked. */
final class Origin implements AutoCloseable {
    final Map<String, String> values = new ConcurrentHashMap<>();
    final List<String> requests = new CopyOnWriteArrayList<>();
    /** What every request is answered instead; 0 for none. */
    volatile int status;
    /** Requests wait for it. */
    volatile CountDownLatch gate = new CountDownLatch(0);

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Origin() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/{key}";
    }

    long asked(String request) {
        return requests.stream().filter(request::equals).count();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().substring(1);
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        requests.add(exchange.getRequestMethod() + " " + path + (body.isEmpty() ? "" : " " + body));
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int code = status;
        byte[] value = {};
        if (code == 0) {
            switch (exchange.getRequestMethod()) {
                case "PUT" -> {
                    values.put(path, body);
                    code = 204;
                }
                case "DELETE" -> code = values.remove(path) == null ? 404 : 204;
                default -> {
                    String found = values.get(path);
                    code = found == null ? 404 : 200;
                    value = found == null ? value : found.getBytes(StandardCharsets.UTF_8);
                }
            }
        }
        exchange.sendResponseHeaders(code, value.length == 0 ? -1 : value.length);
        if (value.length > 0) {
            exchange.getResponseBody().write(value);
        }
        exchange.close();
    }

    @Override
    public void close() {
        gate.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
