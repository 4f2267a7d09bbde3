package io.plinth.mqbroker.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MethodCodecTest {
    private final MethodDecoder decoder = new MethodDecoder(new FieldTableCodec(16, 1 << 17));

    static Stream<Class<?>> methods() {
        return Arrays.stream(Method.class.getPermittedSubclasses())
                .flatMap(type -> Arrays.stream(type.getPermittedSubclasses()));
    }

    private static FieldTable everyType() {
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        entries.put("t", true);
        entries.put("b", (byte) -5);
        entries.put("B", new FieldTable.Unsigned('B', 200));
        entries.put("s", (short) -300);
        entries.put("u", new FieldTable.Unsigned('u', 60_000));
        entries.put("I", -70_000);
        entries.put("i", new FieldTable.Unsigned('i', 4_000_000_000L));
        entries.put("l", Long.MIN_VALUE);
        entries.put("f", 1.5f);
        entries.put("d", -2.25d);
        entries.put("D", new BigDecimal("12.34"));
        entries.put("S", "t\u00e4xt");
        entries.put("S-raw", new FieldTable.Octets('S', new byte[] {(byte) 0xFF, 0}));
        entries.put("x", new FieldTable.Octets('x', new byte[] {1, 2}));
        entries.put("A", List.of("a", 1, List.of(false)));
        entries.put("T", new FieldTable.Timestamp(1_700_000_000L));
        entries.put("F", new FieldTable(Map.of("k", "v")));
        entries.put("V", null);
        return new FieldTable(entries);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodSurvivesTheWire(Class<?> type) throws Exception {
        SplittableRandom random = new SplittableRandom(type.getName().hashCode());
        for (int round = 0; round < 8; round++) {
            Method method = random(type, random);
            ByteBuf out = Unpooled.buffer();
            out.writeShort(method.classId()).writeShort(method.methodId());
            method.writeArguments(out);
            Method read = decoder.decode(out.duplicate());
            ByteBuf again = Unpooled.buffer();
            again.writeShort(read.classId()).writeShort(read.methodId());
            read.writeArguments(again);
            assertThat(read.getClass()).isEqualTo(type);
            assertThat(again).isEqualTo(out);
        }
    }

    private static Method random(Class<?> type, SplittableRandom random) throws Exception {
        RecordComponent[] components = type.getRecordComponents();
        Object[] arguments = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            Class<?> of = components[i].getType();
            if (of == int.class) {
                arguments[i] = random.nextInt(256);
            } else if (of == long.class) {
                arguments[i] = random.nextLong(1L << 32);
            } else if (of == boolean.class) {
                arguments[i] = random.nextBoolean();
            } else if (of == String.class) {
                arguments[i] = "s\u00e9" + random.nextInt(1000);
            } else if (of == byte[].class) {
                byte[] bytes = new byte[random.nextInt(20)];
                random.nextBytes(bytes);
                arguments[i] = bytes;
            } else {
                arguments[i] = everyType();
            }
        }
        var constructor = type.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        return (Method) constructor.newInstance(arguments);
    }

    @Test
    void everyFieldTypeSurvivesTheWire() {
        ByteBuf out = Unpooled.buffer();
        FieldTableCodec.write(out, everyType());
        assertThat(new FieldTableCodec(16, 1 << 17).read(out)).isEqualTo(everyType());
    }

    @Test
    void propertiesAreFoundWhereTheyStand() {
        // content-type, headers {a: 1}, delivery-mode 2, expiration "60", user-id "u"
        ByteBuf out = Unpooled.buffer();
        out.writeShort(0x8000 | 0x2000 | 0x1000 | 0x0100 | 0x0010);
        ShortString.write(out, "text/plain");
        FieldTableCodec.write(out, new FieldTable(Map.of("a", 1)));
        out.writeByte(2);
        ShortString.write(out, "60");
        ShortString.write(out, "u");
        byte[] properties = new byte[out.readableBytes()];
        out.readBytes(properties);
        assertThat(ContentProperties.persistent(properties)).isTrue();
        assertThat(ContentProperties.text(properties, ContentProperties.Field.EXPIRATION))
                .isEqualTo("60");
        assertThat(ContentProperties.text(properties, ContentProperties.Field.USER_ID))
                .isEqualTo("u");
        assertThat(ContentProperties.text(properties, ContentProperties.Field.APP_ID))
                .isNull();
        assertThat(ContentProperties.headers(properties).get("a")).isEqualTo(1);

        byte[] dead = ContentProperties.deadLettered(properties, new FieldTable(Map.of("b", "2")));
        assertThat(ContentProperties.text(dead, ContentProperties.Field.EXPIRATION))
                .isNull();
        assertThat(ContentProperties.text(dead, ContentProperties.Field.USER_ID))
                .isEqualTo("u");
        assertThat(ContentProperties.headers(dead).entries()).containsOnlyKeys("b");
        assertThat(ContentProperties.persistent(dead)).isTrue();
    }
}
