package io.plinth.mqbroker.http;

import io.plinth.mqbroker.auth.SafePattern;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Lists as a request wants them: sorted, filtered by name, cut into pages and to columns. */
public final class Listing {
    private static final int PAGE_MAX = 500;
    private static final int PAGE_DEFAULT = 100;
    /** A longer list is not put together as a whole. */
    private static final int LONG = 1000;

    private Listing() {}

    public static ApiResponse of(ApiCall call, List<Map<String, @Nullable Object>> items) {
        return listed(call, items, Function.identity());
    }

    /** A list of what is shown so; of a long one no more is shown at once than is sent, or stands on the page. */
    public static <T> ApiResponse of(ApiCall call, List<T> things, Function<T, Map<String, @Nullable Object>> shown) {
        return things.size() > LONG
                ? listed(call, things, shown)
                : of(call, things.stream().map(shown).toList());
    }

    private static <T> ApiResponse listed(
            ApiCall call, List<T> things, Function<T, Map<String, @Nullable Object>> shown) {
        List<T> sorted = sorted(call, things, shown);
        String page = call.parameter("page");
        if (page != null) {
            return ApiResponse.json(page(call, number("page", page), sorted, shown));
        }
        Items<T> items = new Items<>(sorted, thing -> columns(call, shown.apply(thing)));
        return ApiResponse.json(things.size() > LONG ? items : new ArrayList<>(items));
    }

    private record Keyed<T>(T thing, @Nullable Object key) {}

    private static <T> List<T> sorted(ApiCall call, List<T> things, Function<T, Map<String, @Nullable Object>> shown) {
        String sort = call.parameter("sort");
        if (sort == null || sort.isEmpty()) {
            return things;
        }
        Comparator<Keyed<T>> order = Comparator.comparing(Keyed::key, Listing::compare);
        return things.stream()
                .map(thing -> new Keyed<>(thing, get(shown.apply(thing), sort)))
                .sorted(call.is("sort_reverse") ? order.reversed() : order)
                .map(Keyed::thing)
                .toList();
    }

    private static <T> Map<String, @Nullable Object> page(
            ApiCall call, int page, List<T> sorted, Function<T, Map<String, @Nullable Object>> shown) {
        String size = call.parameter("page_size");
        int pageSize = size == null ? PAGE_DEFAULT : number("page_size", size);
        if (page < 1 || pageSize < 1 || pageSize > PAGE_MAX) {
            throw new ApiException(
                    400,
                    "invalid_pagination_parameters",
                    "page: " + page + " of " + pageSize + " (expected: from 1, of at most " + PAGE_MAX + ")");
        }
        List<T> filtered = filter(call, sorted, shown);
        int pages = (filtered.size() + pageSize - 1) / pageSize;
        if (page > Math.max(1, pages)) {
            throw new ApiException(
                    400,
                    "page_out_of_range",
                    "Page out of range, page: " + page + " page size: " + pageSize + ", len: " + filtered.size());
        }
        int from = (page - 1) * pageSize;
        List<Map<String, @Nullable Object>> items =
                filtered.subList(from, Math.min(filtered.size(), from + pageSize)).stream()
                        .map(thing -> columns(call, shown.apply(thing)))
                        .toList();
        Map<String, @Nullable Object> document = new LinkedHashMap<>();
        document.put("filtered_count", filtered.size());
        document.put("item_count", items.size());
        document.put("items", items);
        document.put("page", page);
        document.put("page_count", pages);
        document.put("page_size", pageSize);
        document.put("total_count", sorted.size());
        return document;
    }

    private static <T> List<T> filter(ApiCall call, List<T> things, Function<T, Map<String, @Nullable Object>> shown) {
        String name = call.parameter("name");
        if (name == null || name.isEmpty()) {
            return things;
        }
        boolean regex = call.is("use_regex");
        if (regex && SafePattern.problem(name) != null) {
            throw ApiException.badRequest(String.valueOf(SafePattern.problem(name)));
        }
        SafePattern pattern = SafePattern.of(regex ? name : ".*");
        String wanted = name.toLowerCase(Locale.ROOT);
        return things.stream()
                .filter(thing -> {
                    String own = String.valueOf(shown.apply(thing).get("name"));
                    return regex
                            ? pattern.found(own)
                            : own.toLowerCase(Locale.ROOT).contains(wanted);
                })
                .toList();
    }

    private static int number(String what, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw ApiException.badRequest(what + ": " + text + " (expected: a whole number)");
        }
    }

    /** Only the columns the request names, where it names any; a dot leads into an object. */
    public static Map<String, @Nullable Object> columns(ApiCall call, Map<String, @Nullable Object> item) {
        String wanted = call.parameter("columns");
        if (wanted == null || wanted.isEmpty()) {
            return item;
        }
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        for (String column : wanted.split(",", -1)) {
            copy(item, column, shown);
        }
        return shown;
    }

    private static void copy(Map<?, ?> from, String column, Map<String, @Nullable Object> to) {
        int dot = column.indexOf('.');
        String head = dot < 0 ? column : column.substring(0, dot);
        if (!from.containsKey(head)) {
            return;
        }
        Object value = from.get(head);
        if (dot < 0) {
            to.put(head, value);
        } else if (value instanceof Map<?, ?> inner) {
            Map<String, @Nullable Object> part = new LinkedHashMap<>();
            if (to.get(head) instanceof Map<?, ?> known) {
                known.forEach((key, old) -> part.put(String.valueOf(key), old));
            }
            copy(inner, column.substring(dot + 1), part);
            to.put(head, part);
        }
    }

    private static @Nullable Object get(Map<?, ?> item, String path) {
        int dot = path.indexOf('.');
        Object value = item.get(dot < 0 ? path : path.substring(0, dot));
        return dot < 0 ? value : value instanceof Map<?, ?> inner ? get(inner, path.substring(dot + 1)) : null;
    }

    private static int compare(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            return Double.compare(x.doubleValue(), y.doubleValue());
        }
        if (a == null || b == null) {
            return Boolean.compare(a != null, b != null);
        }
        if (a instanceof Number != b instanceof Number) {
            // A client's arguments may be of any type.
            return a instanceof Number ? -1 : 1;
        }
        return a.toString().compareTo(b.toString());
    }
}
