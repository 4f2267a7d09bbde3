/** What the proxy tells about itself: metrics, access log, status. */
@NullMarked
package io.plinth.lbproxy.admin;

import org.jspecify.annotations.NullMarked;
