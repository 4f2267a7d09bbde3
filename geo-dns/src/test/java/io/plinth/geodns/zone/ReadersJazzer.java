package io.plinth.geodns.zone;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.plinth.geodns.answer.Asker;
import io.plinth.geodns.answer.QueryCounters;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * What Jazzer finds by coverage, in the profile {@code jazzer}: no query is a fault of the server, and no zone file
 * anything but a zone or mistakes with their lines.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ReadersJazzer {
    private final Asker asker = Asker.of(Map.of("shop.example", """
        $TTL 60
        @ IN SOA ns1 hostmaster 1 2 3 4 5
        @ IN NS ns1
        ns1 A 192.0.2.1
        * CNAME ns1
        sub NS ns.sub
        ns.sub A 192.0.2.3
        old DNAME new
        """));

    @FuzzTest(maxDuration = "5m")
    void queriesAndZones(FuzzedDataProvider data) {
        if (data.consumeBoolean()) {
            byte[] query = data.consumeRemainingAsBytes();
            byte[] answer = asker.datagram(query);
            if (asker.counters().events(QueryCounters.Event.FAULT) > 0 || (answer != null && answer.length < 12)) {
                throw new IllegalStateException("a fault of the server");
            }
        } else {
            ZoneFuzzTest.parse(new String(data.consumeRemainingAsBytes(), StandardCharsets.ISO_8859_1));
        }
    }
}
