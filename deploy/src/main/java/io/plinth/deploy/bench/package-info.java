/** Fair comparisons of a daemon with its peers: one class a daemon that implements {@link io.plinth.deploy.bench.harness.Bench}. */
@NullMarked
package io.plinth.deploy.bench;

import org.jspecify.annotations.NullMarked;
