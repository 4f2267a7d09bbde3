package io.plinth.kvcache.persist.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Places are numbers here, and an element's place follows that of the one before. */
class PiecesTest {
    private final Pieces pieces = new Pieces((place, elements) -> place + elements);

    private List<Long> elements() {
        List<Long> all = new ArrayList<>();
        pieces.forEach((place, elements) -> {
            for (int i = 0; i < elements; i++) {
                all.add(place + i);
            }
        });
        return all;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void areTheListWhateverIsDoneToIt(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Long> model = new ArrayList<>();
        long place = 0;
        for (int i = 0; i < 600; i++) {
            int count = 1 + random.nextInt(20);
            pieces.append(place, count);
            for (int k = 0; k < count; k++) {
                model.add(place + k);
            }
            place += count + 100;
        }
        for (int i = 0; i < 5_000; i++) {
            int at = model.isEmpty() ? 0 : random.nextInt(model.size());
            place += 100;
            switch (random.nextInt(5)) {
                case 0 -> {
                    pieces.insert(at, place);
                    model.add(at, place);
                }
                case 1 -> {
                    pieces.append(place, 1);
                    model.add(place);
                }
                case 2 -> {
                    int count = Math.min(random.nextInt(seed == 4 ? 60 : 3), model.size() - at);
                    pieces.cut(at, count);
                    model.subList(at, at + count).clear();
                }
                case 3 -> {
                    pieces.insert(0, place);
                    model.add(0, place);
                }
                default -> {
                    if (!model.isEmpty()) {
                        pieces.set(at, place);
                        model.set(at, place);
                    }
                }
            }
            assertThat(pieces.size()).isEqualTo(model.size());
        }
        assertThat(elements()).as("seed %s", seed).isEqualTo(model);
    }

    @Test
    void refuseWhatIsOutsideOfTheList() {
        pieces.append(1, 3);
        assertThatThrownBy(() -> pieces.cut(2, 2)).hasMessageContaining("of a list of 3");
        assertThatThrownBy(() -> pieces.insert(4, 9)).hasMessageContaining("of a list of 3");
        assertThat(elements()).containsExactly(1L, 2L, 3L);
    }
}
