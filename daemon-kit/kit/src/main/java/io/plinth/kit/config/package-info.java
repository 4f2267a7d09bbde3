/**
 * The one file: YAML text -&gt; positioned tree -&gt; records, with every mistake reported at once.
 */
@NullMarked
package io.plinth.kit.config;

import org.jspecify.annotations.NullMarked;
