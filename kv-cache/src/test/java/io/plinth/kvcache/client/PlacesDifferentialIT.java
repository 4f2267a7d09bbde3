package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Distances beside Debian's redis-server: every bit of what STOREDIST leaves is the same. */
@Timeout(60)
@RequiresPeer("redis-server")
class PlacesDifferentialIT {
    private static final int PLACES = 3_000;

    private static String degrees(SplittableRandom random, double most) {
        return Double.toString(random.nextDouble(-most, most));
    }

    /** Members and scores; Redis 7.0 has more digits than are needed of these, so numbers are compared. */
    private static List<String> distances(RawClient client) throws Exception {
        List<String> found = new ArrayList<>();
        String[] lines = client.call("ZRANGE", "far", "0", "-1", "WITHSCORES").split("\r\n", -1);
        for (int i = 2; i + 2 < lines.length; i += 4) {
            found.add(lines[i] + " " + Double.parseDouble(lines[i + 2]));
        }
        return found;
    }

    @Test
    void distancesAreTheSameToTheLastBit(@TempDir Path folder) throws Exception {
        SplittableRandom random = new SplittableRandom(95121);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0))) {
            RedisPeer peer = RedisPeer.start(folder);
            try (RawClient theirs = new RawClient(peer.port())) {
                List<String> add = new ArrayList<>(List.of("GEOADD", "places"));
                for (int i = 0; i < PLACES; i++) {
                    // Some are straight north or south of the centre, some east or west.
                    String longitude = i % 10 == 0 ? "13.361389" : degrees(random, 180);
                    String latitude = i % 10 == 1 ? "38.115556" : degrees(random, 85);
                    add.addAll(List.of(longitude, latitude, "m" + i));
                }
                for (RawClient each : List.of(ours, theirs)) {
                    each.call(add.toArray(String[]::new));
                }
                for (String search : List.of(
                        "FROMMEMBER m0 BYRADIUS 25000 km",
                        "FROMLONLAT 13.361389 38.115556 BYRADIUS 12345678 ft",
                        "FROMLONLAT -73.98 40.75 BYBOX 30000000 20000000 mi")) {
                    String store = "GEOSEARCHSTORE far places " + search + " STOREDIST";
                    for (RawClient each : List.of(ours, theirs)) {
                        assertThat(each.call(store.split(" ", -1))).as(search).isNotEqualTo(":0\r\n");
                    }
                    List<String> apart = distances(ours);
                    apart.removeAll(distances(theirs));
                    assertThat(apart).as(search).isEmpty();
                    String show = "GEOSEARCH places " + search + " WITHDIST ASC";
                    assertThat(ours.call(show.split(" ", -1))).as(search).isEqualTo(theirs.call(show.split(" ", -1)));
                }
            } finally {
                peer.close();
            }
        }
    }
}
