package io.plinth.deploy.mq;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A broker's management API as one user sees it. Owned by the command. */
final class ManagementApi implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String url;
    private final String user;
    private final String authorization;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** {@code url}: without {@code /api}. */
    ManagementApi(String url, String user, String password) {
        this.url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        this.user = user;
        this.authorization =
                "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * One call; returns the answer's body.
     *
     * @param path below {@code /api}, its segments encoded
     * @param body JSON, or null for none
     */
    String call(String method, String path, @Nullable String body)
            throws IOException, InterruptedException, DeployException {
        URI uri = URI.create(url + "/api" + path);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .timeout(PATIENCE)
                .header("Authorization", authorization)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> answer;
        try {
            answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (ConnectException e) {
            throw new DeployException(
                    "nobody listens at " + url + "; name the broker's management listener with --url");
        }
        int status = answer.statusCode();
        if (status / 100 != 2) {
            String reason = reason(answer.body());
            throw new RefusedException(refusal(status, uri, reason), status, reason);
        }
        return answer.body();
    }

    private String refusal(int status, URI uri, String reason) {
        return switch (status) {
            case 401 -> "401 at " + url + ": " + denied(reason);
            case 404 -> "404: no such thing (" + uri.getPath() + ")";
            default -> status + " at " + uri.getPath() + ": " + reason;
        };
    }

    /** Who is let in may still not do everything: the broker says what it lacks. */
    private String denied(String reason) {
        return reason.isEmpty() || reason.equals("Login failed")
                ? "wrong user or password for " + user
                : "user " + user + ": " + reason;
    }

    /** The {@code reason} of an error's JSON, or the text itself. */
    private static String reason(String body) {
        try (JsonParser parser = new JsonFactory().createParser(body)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.FIELD_NAME
                        && parser.currentName().toLowerCase(Locale.ROOT).equals("reason")) {
                    return parser.nextTextValue();
                }
            }
        } catch (IOException e) {
            return body.strip();
        }
        return body.strip();
    }

    /** A path of these segments, each encoded: {@code /queues/%2F/orders}. */
    static String path(String... segments) {
        StringBuilder path = new StringBuilder();
        for (String segment : segments) {
            path.append('/')
                    .append(URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20"));
        }
        return path.toString();
    }

    @Override
    public void close() {
        client.close();
    }
}
