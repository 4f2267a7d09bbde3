package io.plinth.dbproxy.database;

import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;

/** How statements came by their plans. Shared by the loops. */
public final class PlanCounts {
    final CounterDataPoint byText;
    final CounterDataPoint byShape;
    final CounterDataPoint anew;

    public PlanCounts(Metrics metrics) {
        Counter plans = metrics.counter(
                "db_proxy_plans_total",
                "Plans of SQL texts: known by the whole text, by the text apart from its literals (shape), or made"
                        + " anew.",
                "by");
        byText = plans.labelValues("text");
        byShape = plans.labelValues("shape");
        anew = plans.labelValues("parser");
    }
}
