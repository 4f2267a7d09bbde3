/**
 * What gdnsd's configuration says, said in ours: vscf text -&gt; values -&gt; policies and zone files, and what is lost.
 */
@NullMarked
package io.plinth.geodns.gdnsd;

import org.jspecify.annotations.NullMarked;
