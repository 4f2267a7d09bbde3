package io.plinth.mqbroker.http;

import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A long list whose items are put together when they are written, and not kept. */
public final class Items<T> extends AbstractList<Map<String, @Nullable Object>> implements RandomAccess {
    private final List<T> things;
    private final Function<T, Map<String, @Nullable Object>> shown;

    public Items(List<T> things, Function<T, Map<String, @Nullable Object>> shown) {
        this.things = things;
        this.shown = shown;
    }

    @Override
    public Map<String, @Nullable Object> get(int index) {
        return shown.apply(things.get(index));
    }

    @Override
    public int size() {
        return things.size();
    }
}
