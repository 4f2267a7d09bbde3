/**
 * Where clients are: databases -&gt; rankings of members -&gt; flat prefix tables.
 */
@NullMarked
package io.plinth.geodns.place;

import org.jspecify.annotations.NullMarked;
