package io.plinth.dbproxy.commit;

import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import java.util.function.DoubleSupplier;

/** Counts of transactions over several shards, resolved once. Shared by the loops. */
final class CommitMetrics {
    final CounterDataPoint committed;
    final CounterDataPoint rolledBack;
    final CounterDataPoint late;
    final CounterDataPoint settledCommits;
    final CounterDataPoint settledRollbacks;

    CommitMetrics(Metrics metrics, DoubleSupplier inDoubt) {
        Counter ended = metrics.counter(
                "db_proxy_two_phase_total", "Transactions that wrote on several shards, by how they ended.", "outcome");
        committed = ended.labelValues("committed");
        rolledBack = ended.labelValues("rolled_back");
        late = ended.labelValues("committed_late");
        Counter settled = metrics.counter(
                "db_proxy_two_phase_settled_total", "Prepared transactions ended behind their client's back.", "as");
        settledCommits = settled.labelValues("commit");
        settledRollbacks = settled.labelValues("rollback");
        metrics.gauge(
                "db_proxy_two_phase_in_doubt", "Parts of transactions whose shards do not know the end yet.", inDoubt);
    }
}
