/** What a file means on this host: units to start, their order, and the ports they claim. Opens and starts nothing. */
@NullMarked
package io.plinth.deploy.plan;

import org.jspecify.annotations.NullMarked;
