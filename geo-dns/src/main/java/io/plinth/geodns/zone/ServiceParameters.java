package io.plinth.geodns.zone;

import io.netty.util.NetUtil;
import io.plinth.geodns.wire.Octets;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The parameters of SVCB and HTTPS records (RFC 9460 section 2.1). Stateless. */
final class ServiceParameters {
    private static final List<String> KEYS =
            List.of("mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath");

    private ServiceParameters() {}

    static byte[] parse(Words words) {
        Map<Integer, byte[]> parameters = new TreeMap<>();
        while (words.hasNext()) {
            String word = words.word("parameter");
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            int key = key(name);
            String value = equals < 0 ? "" : word.substring(equals + 1);
            // alpn="h2,h3" reaches us as two words.
            if (equals >= 0 && value.isEmpty() && words.nextIsQuoted()) {
                value = words.word("value");
            }
            if (parameters.putIfAbsent(key, value(key, name, Words.unescaped("value", value))) != null) {
                throw new IllegalArgumentException("parameter: " + name + " (expected: once)");
            }
        }
        mandatory(parameters);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        parameters.forEach((key, value) -> {
            number(out, key);
            number(out, value.length);
            out.writeBytes(value);
        });
        return out.toByteArray();
    }

    /** RFC 9460 section 8: each key that is called mandatory is there. */
    private static void mandatory(Map<Integer, byte[]> parameters) {
        byte[] keys = parameters.getOrDefault(0, new byte[0]);
        for (int at = 0; at < keys.length; at += 2) {
            int key = Octets.unsignedShort(keys, at);
            if (key == 0 || !parameters.containsKey(key)) {
                throw new IllegalArgumentException(
                        "mandatory: " + name(key) + " (expected: keys of the same record, not mandatory itself)");
            }
        }
    }

    private static void number(ByteArrayOutputStream out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }

    private static int key(String name) {
        int known = KEYS.indexOf(name);
        if (known >= 0) {
            return known;
        }
        if (name.matches("key[0-9]{1,5}")) {
            int number = Integer.parseInt(name.substring(3));
            if (number < 0xFFFF) {
                return number;
            }
        }
        throw new IllegalArgumentException("parameter: " + name + " (expected: one of " + KEYS + " or keyN)");
    }

    private static String name(int key) {
        return key < KEYS.size() ? KEYS.get(key) : "key" + key;
    }

    private static byte[] value(int key, String name, byte[] given) {
        String text = Words.latin(given);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        switch (key) {
            case 0 ->
                items(text).stream()
                        .map(ServiceParameters::key)
                        .sorted()
                        .distinct()
                        .forEach(each -> number(out, each));
            case 1 ->
                items(text).forEach(protocol -> {
                    if (protocol.isEmpty() || protocol.length() > 255) {
                        throw new IllegalArgumentException("alpn: " + text + " (expected: names of 1 to 255 octets)");
                    }
                    out.write(protocol.length());
                    out.writeBytes(protocol.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
                });
            case 2 -> {
                if (!text.isEmpty()) {
                    throw new IllegalArgumentException("no-default-alpn: " + text + " (expected: no value)");
                }
            }
            case 3 -> {
                if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > 0xFFFF) {
                    throw new IllegalArgumentException("port: " + text + " (expected: 0 to 65535)");
                }
                number(out, Integer.parseInt(text));
            }
            case 4, 6 -> items(text).forEach(address -> out.writeBytes(address(address, key == 4 ? 4 : 16)));
            case 5 -> {
                try {
                    out.writeBytes(Base64.getDecoder().decode(text));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("ech: " + text + " (expected: base64)", e);
                }
            }
            default -> out.writeBytes(given);
        }
        if (out.size() == 0 && key < 7 && key != 2) {
            throw new IllegalArgumentException("parameter: " + name + " (expected: a value)");
        }
        return out.toByteArray();
    }

    private static List<String> items(String text) {
        return text.isEmpty() ? List.of() : Arrays.asList(text.split(",", -1));
    }

    private static byte[] address(String text, int octets) {
        byte[] address = NetUtil.createByteArrayFromIpAddressString(text);
        if (address == null || address.length != octets) {
            throw new IllegalArgumentException(
                    "hint: " + text + " (expected: IPv" + (octets == 4 ? 4 : 6) + " addresses)");
        }
        return address;
    }

    static @Nullable String format(byte[] octets, int from) {
        StringBuilder text = new StringBuilder();
        int last = -1;
        for (int at = from; at < octets.length; ) {
            if (at + 4 > octets.length) {
                return null;
            }
            int key = Octets.unsignedShort(octets, at);
            int end = at + 4 + Octets.unsignedShort(octets, at + 2);
            if (end > octets.length || key <= last) {
                return null;
            }
            last = key;
            // The generic form says every value there is.
            text.append(text.isEmpty() ? "" : " ").append(name(key));
            String value = value(key, octets, at + 4, end);
            if (value == null) {
                return null;
            }
            text.append(value.isEmpty() ? "" : "=" + value);
            at = end;
        }
        return text.toString();
    }

    private static @Nullable String value(int key, byte[] octets, int from, int end) {
        StringBuilder text = new StringBuilder();
        switch (key) {
            case 0, 3 -> {
                if ((end - from) % 2 != 0) {
                    return null;
                }
                for (int at = from; at < end; at += 2) {
                    int number = Octets.unsignedShort(octets, at);
                    text.append(text.isEmpty() ? "" : ",").append(key == 0 ? name(number) : String.valueOf(number));
                }
            }
            case 1 -> {
                for (int at = from; at < end; at += 1 + (octets[at] & 0xFF)) {
                    if (at + 1 + (octets[at] & 0xFF) > end) {
                        return null;
                    }
                    String quoted = Words.quote(octets, at + 1, at + 1 + (octets[at] & 0xFF));
                    text.append(text.isEmpty() ? "" : ",").append(quoted, 1, quoted.length() - 1);
                }
                return "\"" + text + "\"";
            }
            case 4, 6 -> {
                int size = key == 4 ? 4 : 16;
                if ((end - from) % size != 0) {
                    return null;
                }
                for (int at = from; at < end; at += size) {
                    text.append(text.isEmpty() ? "" : ",")
                            .append(NetUtil.bytesToIpAddress(Arrays.copyOfRange(octets, at, at + size)));
                }
            }
            case 5 -> text.append(Base64.getEncoder().encodeToString(Arrays.copyOfRange(octets, from, end)));
            default -> {
                return end == from ? "" : Words.quote(octets, from, end);
            }
        }
        return text.toString();
    }
}
