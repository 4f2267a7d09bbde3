/**
 * How the file is read: text -&gt; positioned tree -&gt; overlays -&gt; records -&gt; checks. Only {@code config} uses it.
 */
@NullMarked
package io.plinth.kit.config.read;

import org.jspecify.annotations.NullMarked;
