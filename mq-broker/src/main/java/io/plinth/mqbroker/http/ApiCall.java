package io.plinth.mqbroker.http;

import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.auth.User;
import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request of a user.
 *
 * @param names what stands for the names in the route's path
 * @param reason what the request gives as its reason, null for nothing
 * @param secure whether it came over TLS
 */
public record ApiCall(
        String method,
        Map<String, String> names,
        Map<String, List<String>> query,
        byte[] body,
        @Nullable String reason,
        User user,
        InetAddress from,
        boolean secure,
        Access access) {
    /** The name in the path; the route has it. */
    public String name(String which) {
        String name = names.get(which);
        if (name == null) {
            throw new IllegalStateException("name in path: " + which);
        }
        return name;
    }

    /** The virtual host in the path. */
    public String vhost() {
        return name("vhost");
    }

    /** A parameter of the query, or null. */
    public @Nullable String parameter(String which) {
        List<String> values = query.get(which);
        return values == null || values.isEmpty() ? null : values.getFirst();
    }

    public boolean is(String parameter) {
        return "true".equals(parameter(parameter));
    }

    /** The body as an object; an empty one where there is none. */
    public Map<String, @Nullable Object> document() {
        if (body.length == 0) {
            return new LinkedHashMap<>();
        }
        try {
            if (Json.read(body) instanceof Map<?, ?> map) {
                Map<String, @Nullable Object> document = new LinkedHashMap<>();
                map.forEach((key, value) -> document.put(String.valueOf(key), value));
                return document;
            }
        } catch (IOException e) {
            throw ApiException.badRequest("not_json: " + e.getMessage());
        }
        throw ApiException.badRequest("body: not an object (expected: a JSON object)");
    }

    /** Whether the user may see what is in the virtual host. */
    public boolean sees(String vhost) {
        return user.is(User.ADMINISTRATOR) || access.enters(user.name(), vhost);
    }

    /** Whether the user may see the virtual host itself, with its sums. */
    public boolean oversees(String vhost) {
        return user.is(User.MONITORING) || sees(vhost);
    }
}
