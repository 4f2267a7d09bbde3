package io.plinth.mqbroker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The HTTP API of a broker, ours or RabbitMQ's, and documents as maps and lists. */
final class ManagementClient implements AutoCloseable {
    /** An answer. */
    record Answer(int status, String body, Map<String, List<String>> headers) {
        @Nullable
        Object json() throws IOException {
            try (JsonParser in = new JsonFactory().createParser(body)) {
                in.nextToken();
                return value(in);
            }
        }

        Map<?, ?> object() throws IOException {
            return (Map<?, ?>) java.util.Objects.requireNonNull(json());
        }

        List<?> list() throws IOException {
            return (List<?>) java.util.Objects.requireNonNull(json());
        }
    }

    private final int port;
    private final String user;
    private final String password;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    ManagementClient(int port, String user, String password) {
        this.port = port;
        this.user = user;
        this.password = password;
    }

    int port() {
        return port;
    }

    static @Nullable Object value(JsonParser in) throws IOException {
        return switch (in.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new TreeMap<>();
                while (in.nextToken() != JsonToken.END_OBJECT) {
                    String name = in.currentName();
                    in.nextToken();
                    map.put(name, value(in));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(in));
                }
                yield list;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> in.getLongValue();
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    Answer send(String method, String path, String body) throws Exception {
        return send(method, path, body, "none");
    }

    private Answer send(String method, String path, String body, String reason) throws Exception {
        String basic = Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/" + path))
                .header("authorization", "Basic " + basic)
                .header("content-type", "application/json")
                .header("x-reason", reason)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(
                response.statusCode(), response.body(), response.headers().map());
    }

    Answer get(String path) throws Exception {
        return send("GET", path, "");
    }

    Answer put(String path, String body) throws Exception {
        return send("PUT", path, body);
    }

    Answer post(String path, String body) throws Exception {
        return send("POST", path, body);
    }

    Answer delete(String path) throws Exception {
        return send("DELETE", path, "");
    }

    Answer delete(String path, String reason) throws Exception {
        return send("DELETE", path, "", reason);
    }

    @Override
    public void close() {
        client.close();
    }
}
