package io.plinth.kit.config.read;

import io.plinth.kit.config.Secret;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Bound records as YAML text with every secret, and every text that looks like one, masked. */
final class RecordText {
    private static final Pattern SECRET_NAME =
            Pattern.compile(".*(password|passwd|secret|token|credential|api[-_]?key).*", Pattern.CASE_INSENSITIVE);
    /** The password in {@code scheme://user:password@host}. */
    private static final Pattern URL_PASSWORD = Pattern.compile("(://[^:/@\\s]*:)[^@/\\s]+@");

    private static final Pattern QUERY_PASSWORD = Pattern.compile("(?i)(password=)[^&\\s]+");

    private RecordText() {}

    static String yaml(Map<String, @Nullable Object> sections) {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        sections.forEach((name, value) -> out.put(name, plain(name, value)));
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setWidth(120)
                .build();
        return new Dump(settings).dumpToString(out);
    }

    private static @Nullable Object plain(String name, @Nullable Object value) {
        return switch (value) {
            case null -> null;
            case Secret secret -> secret.toString();
            case Map<?, ?> map -> {
                Map<String, @Nullable Object> out = new LinkedHashMap<>();
                map.forEach((key, item) -> out.put(key.toString(), plain(key.toString(), item)));
                yield out;
            }
            case List<?> list -> {
                List<@Nullable Object> out = new ArrayList<>();
                list.forEach(item -> out.add(plain(name, item)));
                yield out;
            }
            case Record nested when !Scalars.isScalar(nested.getClass()) -> record(nested);
            case Boolean flag -> flag;
            case Integer number -> number;
            case Long number -> number;
            case Double number -> number;
            default -> text(name, Scalars.text(value));
        };
    }

    private static Map<String, @Nullable Object> record(Record value) {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            String key = Components.key(component);
            try {
                component.getAccessor().setAccessible(true);
                out.put(key, plain(key, component.getAccessor().invoke(value)));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("config record - type=" + value.getClass() + " key=" + key, e);
            }
        }
        return out;
    }

    private static String text(String name, String value) {
        if (SECRET_NAME.matcher(name.toLowerCase(Locale.ROOT)).matches()) {
            return "***";
        }
        String masked = URL_PASSWORD.matcher(value).replaceAll("$1***@");
        return QUERY_PASSWORD.matcher(masked).replaceAll("$1***");
    }
}
