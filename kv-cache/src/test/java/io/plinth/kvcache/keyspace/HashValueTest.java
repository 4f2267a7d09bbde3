package io.plinth.kvcache.keyspace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashValueTest {
    @ParameterizedTest
    @ValueSource(ints = {4, 20, 300})
    void behavesAsAnOrderedMapOfAnySize(int fields) {
        SplittableRandom random = new SplittableRandom(fields);
        HashValue hash = new HashValue(new KeyHash(7));
        Map<String, String> model = new LinkedHashMap<>();
        for (int i = 0; i < 20_000; i++) {
            String field = "f" + random.nextInt(fields);
            byte[] bytes = field.getBytes(ISO_8859_1);
            if (random.nextInt(5) < 3) {
                String value = "v" + random.nextInt();
                assertThat(hash.put(bytes, value.getBytes(ISO_8859_1))).isEqualTo(!model.containsKey(field));
                model.put(field, value);
            } else {
                assertThat(hash.remove(bytes, 0, bytes.length)).isEqualTo(model.remove(field) != null);
            }
            byte[] found = hash.get(bytes, 0, bytes.length);
            assertThat(found == null ? null : new String(found, ISO_8859_1)).isEqualTo(model.get(field));
            assertThat(hash.size()).isEqualTo(model.size());
        }
        List<String> order = new ArrayList<>();
        long bytes = new HashValue(new KeyHash(7)).bytes();
        for (int i = 0; i < hash.positions(); i++) {
            byte[] field = hash.field(i);
            if (field != null) {
                order.add(new String(field, ISO_8859_1));
                bytes += 24 + Entry.arrayBytes(field.length) + Entry.arrayBytes(hash.value(i).length);
            }
        }
        assertThat(order).containsExactlyElementsOf(model.keySet());
        assertThat(hash.bytes()).isEqualTo(bytes);
    }
}
