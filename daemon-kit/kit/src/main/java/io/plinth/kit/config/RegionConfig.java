package io.plinth.kit.config;

import java.util.List;

/** One region. Its per-daemon overrides are merged into the daemon's section before that is bound. */
@Doc("A region. A key named like a daemon overrides that daemon's section here.")
public record RegionConfig(
        @Doc("Continents (AF AN AS EU NA OC SA) and countries (ISO 3166-1) whose users this region serves.")
        List<String> serves) {}
