/** What holds until the next reload: settings, routes and pools, made from the file. */
@NullMarked
package io.plinth.lbproxy.snapshot;

import org.jspecify.annotations.NullMarked;
