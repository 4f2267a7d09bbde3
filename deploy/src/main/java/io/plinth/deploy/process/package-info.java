/** Processes of this host: identity, resources, start, stop, and the records of what runs. */
@NullMarked
package io.plinth.deploy.process;

import org.jspecify.annotations.NullMarked;
