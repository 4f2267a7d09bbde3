package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.management.survey.Snapshot;
import io.plinth.mqbroker.session.Broker;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What one scrape looks at.
 *
 * @param vhosts which virtual hosts, by name
 */
record View(Broker broker, Snapshot snapshot, Predicate<String> vhosts) {
    Stream<Topology> topologies() {
        return broker.vhosts().all().stream().filter(topology -> vhosts.test(topology.vhost()));
    }

    long nowMillis() {
        return broker.clock().millis();
    }
}
