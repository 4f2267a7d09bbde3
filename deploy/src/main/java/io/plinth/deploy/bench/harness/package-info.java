/**
 * What every bench is made of: stage (processes on pinned cores) -&gt; rounds in turn -&gt; report. A daemon's bench is one class
 * that implements {@link io.plinth.deploy.bench.harness.Bench}.
 */
@NullMarked
package io.plinth.deploy.bench.harness;

import org.jspecify.annotations.NullMarked;
