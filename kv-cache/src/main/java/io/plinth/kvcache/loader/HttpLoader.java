package io.plinth.kvcache.loader;

import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Asks an HTTP endpoint by GET, PUT and DELETE of a URL that a key is put into. */
final class HttpLoader implements Loader {
    private static final int OK = 200;
    private static final int MULTIPLE = 300;
    private static final int NOT_FOUND = 404;
    private static final int GONE = 410;
    private static final int TOO_MANY = 429;
    private static final int SERVER_ERROR = 500;
    /** RFC 9110 15.5: of the write itself. Others also come from what stands before a server while it is replaced. */
    private static final Set<Integer> OF_THE_WRITE = Set.of(400, 411, 413, 414, 415, 422, 431);

    private final String template;
    private final @Nullable String authorization;
    private final Duration timeout;
    private final long maxValue;
    private final boolean cacheControl;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client;

    HttpLoader(String template, @Nullable String authorization, Duration timeout, long maxValue, boolean cacheControl) {
        this.cacheControl = cacheControl;
        this.template = template;
        this.authorization = authorization;
        this.timeout = timeout;
        this.maxValue = maxValue;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(timeout)
                .executor(threads)
                .build();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpResponse<byte[]> send(String method, LoaderKey key, BodyPublisher body) throws LoaderException {
        HttpRequest request;
        try {
            request = request(
                            template.replace("{key}", encoded(key.key())).replace("{name}", encoded(key.name())),
                            authorization)
                    .timeout(timeout)
                    .method(method, body)
                    .build();
        } catch (IllegalArgumentException e) {
            // The exception says what is in the URL or the header, which is not for clients.
            throw LoaderException.refusedForGood(
                    method + ": this key makes no request (expected: a URL and a header as in RFC 9110)");
        }
        // The request's own timeout ends with the head of the response.
        CompletableFuture<HttpResponse<byte[]>> answer =
                client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), maxValue));
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw LoaderException.broken(method + ": request timed out", e);
        } catch (ExecutionException e) {
            throw failure(method, e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw LoaderException.broken("interrupted", e);
        }
    }

    private static LoaderException failure(String method, Throwable cause) {
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
            return LoaderException.down(method + ": no connection", cause);
        }
        String message = cause.getMessage();
        return LoaderException.broken(
                method + ": " + (message == null ? cause.getClass().getSimpleName() : message), cause);
    }

    /** A request of a URL; IllegalArgumentException where URL or header is none. */
    static HttpRequest.Builder request(String url, @Nullable String authorization) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
        return authorization == null ? request : request.header("Authorization", authorization);
    }

    @Override
    public Answer load(LoaderKey key) throws LoaderException {
        HttpResponse<byte[]> response = send("GET", key, BodyPublishers.noBody());
        int status = response.statusCode();
        boolean none = status == NOT_FOUND || status == GONE;
        if (!none && status != OK) {
            throw unexpected("GET", status);
        }
        return new Answer(none ? null : response.body(), AnswerTtl.of(response.headers(), cacheControl));
    }

    @Override
    public void store(LoaderKey key, byte[] value) throws LoaderException {
        accepted("PUT", send("PUT", key, BodyPublishers.ofByteArray(value)).statusCode());
    }

    @Override
    public void remove(LoaderKey key) throws LoaderException {
        int status = send("DELETE", key, BodyPublishers.noBody()).statusCode();
        if (status != NOT_FOUND && status != GONE) {
            accepted("DELETE", status);
        }
    }

    private static void accepted(String method, int status) throws LoaderException {
        if (status < OK || status >= MULTIPLE) {
            throw unexpected(method, status);
        }
    }

    private static LoaderException unexpected(String method, int status) {
        String message = method + " answered " + status;
        if (status >= SERVER_ERROR || status == TOO_MANY) {
            return LoaderException.broken(message, null);
        }
        return OF_THE_WRITE.contains(status)
                ? LoaderException.refusedForGood(message)
                : LoaderException.refused(message);
    }

    @Override
    public void close() {
        client.shutdownNow();
        threads.shutdownNow();
    }
}
