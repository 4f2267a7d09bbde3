package io.plinth.mqbroker.management;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.auth.Sasl;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** {@code /api/login}, {@code /api/auth} and how often logins were tried. */
final class LoginApi {
    private static final int FORM_FIELDS = 16;

    private final Changes changes;
    private final String node;

    LoginApi(Changes changes, String node) {
        this.changes = changes;
        this.node = node;
    }

    void register(ApiTable table) {
        Map<String, @Nullable Object> auth = new LinkedHashMap<>();
        auth.put("oauth_enabled", false);
        auth.put("enable_uaa", false);
        auth.put("uaa_client_id", "");
        auth.put("uaa_location", "");
        table.add("GET", "auth", Level.ANYONE, call -> AccessApi.now(auth));
        table.add("POST", "login", Level.ANYONE, call -> CompletableFuture.completedFuture(login(call)));
        table.add("GET", "auth/attempts/{node}", Level.MONITORING, call -> AccessApi.now(attempts(call)));
        table.add("GET", "auth/attempts/{node}/source", Level.MONITORING, call -> AccessApi.now(sources(call)));
        for (String path : List.of("auth/attempts/{node}", "auth/attempts/{node}/source")) {
            table.add("DELETE", path, Level.ADMINISTRATOR, call -> {
                here(call).reset();
                return CompletableFuture.completedFuture(ApiResponse.done());
            });
        }
    }

    /** Name and password of a form, or of a JSON object; the cookie stands for them in requests that follow. */
    private ApiResponse login(ApiCall call) {
        Map<String, @Nullable Object> given = new LinkedHashMap<>();
        String body = new String(call.body(), StandardCharsets.UTF_8);
        if (body.startsWith("{")) {
            given.putAll(call.document());
        } else {
            given.putAll(form(body));
        }
        if (given.get("username") instanceof String user
                && given.get("password") instanceof String password
                && call.access().admits(Attempts.Protocol.HTTP, new Sasl.Login(user, password), call.from())) {
            String cookie =
                    Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
            String attributes = "; Path=/; HttpOnly; SameSite=Strict" + (call.secure() ? "; Secure" : "");
            return new ApiResponse(200, "ok", Map.of("set-cookie", "auth=" + cookie + attributes));
        }
        throw new ApiException(401, "not_authorized", "Login failed");
    }

    private static Map<String, String> form(String body) {
        Map<String, String> fields = new LinkedHashMap<>();
        try {
            new QueryStringDecoder(body, StandardCharsets.UTF_8, false, FORM_FIELDS)
                    .parameters()
                    .forEach((name, values) -> fields.put(name, values.getFirst()));
        } catch (IllegalArgumentException e) {
            // Its message has the text that it could not decode: the password.
            throw ApiException.badRequest("login: the form is not percent-encoded");
        }
        return fields;
    }

    private Attempts here(ApiCall call) {
        if (!call.name("node").equals(node)) {
            throw ApiException.notFound();
        }
        return changes.broker().access().attempts();
    }

    private List<Map<String, @Nullable Object>> attempts(ApiCall call) {
        Attempts attempts = here(call);
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (Attempts.Protocol protocol : Attempts.Protocol.values()) {
            Attempts.Count count = attempts.of(protocol);
            if (count.all() > 0) {
                Map<String, @Nullable Object> shown = new LinkedHashMap<>();
                shown.put("protocol", protocol.text());
                put(shown, count);
                all.add(shown);
            }
        }
        return all;
    }

    private List<Map<String, @Nullable Object>> sources(ApiCall call) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (Map.Entry<Attempts.Source, Attempts.Count> entry : here(call).sources()) {
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("remote_address", entry.getKey().address());
            shown.put("username", entry.getKey().user());
            shown.put("protocol", entry.getKey().protocol().text());
            put(shown, entry.getValue());
            all.add(shown);
        }
        return all;
    }

    private static void put(Map<String, @Nullable Object> into, Attempts.Count count) {
        into.put("auth_attempts", count.all());
        into.put("auth_attempts_failed", count.failed());
        into.put("auth_attempts_succeeded", count.succeeded());
    }
}
