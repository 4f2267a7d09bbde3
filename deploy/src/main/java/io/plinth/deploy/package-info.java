/** The plinth command: file -&gt; plan -&gt; prepare -&gt; start -&gt; watch -&gt; stop. */
@NullMarked
package io.plinth.deploy;

import org.jspecify.annotations.NullMarked;
