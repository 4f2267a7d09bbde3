package io.plinth.dbproxy.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreTest {
    @TempDir
    Path folder;

    @Test
    void takesNoMoreEntriesThanItMayHaveAndSoCanAlwaysBeOpenedAgain() throws Exception {
        try (DirectoryStore store = new DirectoryStore(folder.resolve("directories"))) {
            store.open("shop", "tenants", 2);
            assertThat(put(store, "a", "s0")).isTrue();
            assertThat(put(store, "b", "s0")).isTrue();
            assertThat(put(store, "c", "s0")).isFalse();
            assertThat(put(store, "b", "s1")).as("one that is there").isTrue();
            assertThat(put(store, "a", null)).isTrue();
            assertThat(put(store, "c", "s1")).isTrue();
        }
        try (DirectoryStore store = new DirectoryStore(folder.resolve("directories"))) {
            assertThat(store.open("shop", "tenants", 2).from("", 10))
                    .containsExactly(java.util.Map.entry("b", "s1"), java.util.Map.entry("c", "s1"));
            assertThat(store.open("shop", "tenants", 3).size()).isEqualTo(2);
            assertThat(put(store, "d", "s0")).as("more are allowed now").isTrue();
        }
    }

    private static boolean put(DirectoryStore store, String key, @org.jspecify.annotations.Nullable String shard) {
        return store.put("shop", "tenants", key, shard)
                .toCompletableFuture()
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }
}
