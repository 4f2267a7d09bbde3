/**
 * Fair comparisons of a daemon with its peers: bench -&gt; stage (processes on pinned cores) -&gt; rounds in turn -&gt;
 * report. A daemon's bench is one class that implements {@link io.plinth.deploy.bench.Bench}.
 */
@NullMarked
package io.plinth.deploy.bench;

import org.jspecify.annotations.NullMarked;
